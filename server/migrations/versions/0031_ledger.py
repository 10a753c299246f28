"""A programme's numbers, amounts inside a range, decisions about ledger lines, monthly closes."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"

MOMENT = sa.DateTime(timezone=True)
KINDS = "'critical','orders','scores','callbacks','bulletin','sending','deadlines'"
GUARDED = """
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION history_refuse();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse();
"""
TABLES = ("programme_choice", "ledger_decision", "ledger_approval", "ledger_close", "ledger_close_line")


def upgrade() -> None:
    op.drop_constraint(op.f("alert_wish_kind_check"), "alert_wish")
    op.create_check_constraint(op.f("alert_wish_kind_check"), "alert_wish", f"kind IN ({KINDS})")
    _choices()
    _decisions()
    _lines()
    op.execute(sa.text("".join(GUARDED.format(table=table) for table in TABLES)))


def _keys(table: str, keys: Iterable[tuple[str, str]]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"{table}_{column}_fkey"))
        for column, target in keys
    ]


def _choices() -> None:
    op.create_table(
        "programme_choice",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys("programme_choice", [("programme_id", "programme.id")]),
        sa.PrimaryKeyConstraint("id", name=op.f("programme_choice_pkey")),
    )
    op.create_index("programme_choice_newest_idx", "programme_choice", ["programme_id", "year", "chosen_at"])


def _decisions() -> None:
    op.create_table(
        "ledger_decision",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys("ledger_decision", [("programme_id", "programme.id")]),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_decision_pkey")),
    )
    op.create_index(
        "ledger_decision_newest_idx",
        "ledger_decision",
        ["programme_id", "year", "rule", "subject", "event", "decided_at"],
    )


def _lines() -> None:
    op.create_table(
        "ledger_approval",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.CheckConstraint("approved OR reason IS NOT NULL", name=op.f("ledger_approval_reason_check")),
        *_keys("ledger_approval", [("line_id", "ledger_line.id")]),
        sa.PrimaryKeyConstraint("line_id", name=op.f("ledger_approval_pkey")),
    )
    op.create_table(
        "ledger_close",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("totals", JSONB(), nullable=False),
        sa.Column("lines_hash", sa.String(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys("ledger_close", [("programme_id", "programme.id")]),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_close_pkey")),
        sa.UniqueConstraint("programme_id", "number", name=op.f("ledger_close_programme_id_number_key")),
    )
    op.create_table(
        "ledger_close_line",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("close_id", sa.Uuid(), nullable=False),
        *_keys("ledger_close_line", [("line_id", "ledger_line.id"), ("close_id", "ledger_close.id")]),
        sa.PrimaryKeyConstraint("line_id", name=op.f("ledger_close_line_pkey")),
    )
    op.create_index(op.f("ledger_close_line_close_id_idx"), "ledger_close_line", ["close_id"])
