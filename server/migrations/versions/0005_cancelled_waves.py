"""Waves that were called off: kept in the list with the reason, never deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("wave", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("wave", sa.Column("cancel_reason", sa.String(), nullable=True))
    op.drop_constraint(op.f("wave_state_check"), "wave", type_="check")
    op.create_check_constraint(
        op.f("wave_state_check"), "wave", "state IN ('planned','drawn','launched','closed','cancelled')"
    )
    op.create_check_constraint(
        op.f("wave_cancelled_check"),
        "wave",
        "(state = 'cancelled') = (cancelled_at IS NOT NULL AND cancel_reason IS NOT NULL)",
    )
