"""E-mail addresses of contacts and people, and who wants to be told of what by which channel."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

MOMENT = sa.DateTime(timezone=True)
KINDS = "'critical','orders','callbacks','bulletin','sending','deadlines'"


def upgrade() -> None:
    for table in ("contact_private", "person_private"):
        op.add_column(table, sa.Column("email", sa.LargeBinary()))
        op.add_column(table, sa.Column("email_hash", sa.LargeBinary()))
        op.create_index(op.f(f"{table}_email_hash_idx"), table, ["email_hash"])
    op.create_table(
        "alert_wish",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("alert_wish_kind_check")),
        sa.CheckConstraint("channel IN ('sms','email')", name=op.f("alert_wish_channel_check")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("alert_wish_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_wish_pkey")),
        sa.UniqueConstraint(
            "account_id", "kind", "channel", name=op.f("alert_wish_account_id_kind_channel_key")
        ),
    )
    op.add_column("notice", sa.Column("alerted_at", MOMENT))
    # Nobody is told anew of what has been in the inbox for months.
    op.execute("UPDATE notice SET alerted_at = at")
    op.create_index(
        op.f("notice_unalerted_idx"), "notice", ["at"], postgresql_where=sa.text("alerted_at IS NULL")
    )
