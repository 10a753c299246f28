"""Outreach: what became of messages, what came back, what sending costs and what stops it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"

MOMENT = sa.DateTime(timezone=True)
STATES = (
    "'queued','retry_wait','sending','accepted','delivered','undelivered',"
    "'unknown','failed','expired','cancelled','skipped'"
)
CHANNELS = "'sms','email','webhook','letter'"


def upgrade() -> None:
    _message()
    _message_event()
    _inbound_message()
    _sending_stop()
    op.create_table(
        "spending",
        sa.Column("purse", sa.String(), nullable=False),
        sa.Column("spent", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("purse", name=op.f("spending_pkey")),
    )
    op.create_table(
        "programme_opt_out",
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("programme_opt_out_programme_id_fkey")
        ),
        sa.PrimaryKeyConstraint("phone_hash", "programme_id", name=op.f("programme_opt_out_pkey")),
    )
    for column in (
        sa.Column("channel", sa.String(), nullable=False, server_default="sms"),
        sa.Column("state", sa.String(), nullable=False, server_default="delivered"),
        sa.Column("code", sa.String()),
    ):
        op.add_column("inbox_message", column)


def _message() -> None:
    for column in (
        sa.Column("channel", sa.String(), nullable=False, server_default="sms"),
        sa.Column("rule", sa.String()),
        sa.Column("gateway", sa.String()),
        sa.Column("provider_code", sa.String()),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("cost", sa.Numeric()),
        sa.Column("timezone", sa.String(), nullable=False, server_default="Asia/Shanghai"),
        sa.Column("unknown_since", MOMENT),
    ):
        op.add_column("message", column)
    # Checked after the lock is gone: a scan of all messages would hold up those who send.
    op.execute("ALTER TABLE message DROP CONSTRAINT message_state_check")
    for name, condition in (("state", f"state IN ({STATES})"), ("channel", f"channel IN ({CHANNELS})")):
        op.execute(f"ALTER TABLE message ADD CONSTRAINT message_{name}_check CHECK ({condition}) NOT VALID")
        op.execute(f"ALTER TABLE message VALIDATE CONSTRAINT message_{name}_check")
    op.execute("UPDATE message SET unknown_since = coalesce(claimed_at, created_at) WHERE state = 'unknown'")
    op.drop_index("message_due_idx", "message")
    for index, indexed, where in (
        ("message_waiting_idx", "not_before", "state IN ('queued','retry_wait')"),
        ("message_unknown_idx", "unknown_since", "state = 'unknown'"),
        ("message_provider_id_idx", "provider_id", "provider_id IS NOT NULL"),
    ):
        op.create_index(index, "message", [indexed], postgresql_where=sa.text(where))


def _message_event() -> None:
    op.create_table(
        "message_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("message_event_message_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("message_event_pkey")),
        sa.UniqueConstraint(
            "message_id", "state", "code", "source",
            name=op.f("message_event_message_id_state_code_source_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


def _inbound_message() -> None:
    op.create_table(
        "inbound_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("sender_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("meaning", sa.String()),
        sa.Column("invitation_id", sa.Uuid()),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("inbound_message_invitation_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("inbound_message_pkey")),
        sa.UniqueConstraint("gateway", "provider_id", name=op.f("inbound_message_gateway_provider_id_key")),
    )
    for name in ("sender_hash", "invitation_id"):
        op.create_index(op.f(f"inbound_message_{name}_idx"), "inbound_message", [name])


def _sending_stop() -> None:
    op.create_table(
        "sending_stop",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("params", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.Column("lifted_by", sa.String()),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("sending_stop_lifted_check")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("sending_stop_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sending_stop_pkey")),
    )
    op.create_index(
        "sending_stop_open_idx",
        "sending_stop",
        ["wave_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
