"""When somebody chose what to be told of: nothing chosen on purpose is not the same as never chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("account", sa.Column("alerts_chosen_at", sa.DateTime(timezone=True)))
    # An address was only ever entered together with a choice, also with that of nothing.
    op.execute(
        "UPDATE account SET alerts_chosen_at = now()"
        " WHERE EXISTS (SELECT FROM alert_wish WHERE alert_wish.account_id = account.id)"
        " OR EXISTS (SELECT FROM person_private"
        " WHERE person_private.person_id = account.person_id AND person_private.email IS NOT NULL)"
    )
