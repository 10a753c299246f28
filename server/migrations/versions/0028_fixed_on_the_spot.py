"""Findings know whether they were put right on the spot."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """A default that PostgreSQL keeps beside the table: no row is written."""
    op.add_column("finding", sa.Column("fixed", sa.Boolean, nullable=False, server_default=sa.false()))
