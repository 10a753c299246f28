"""Timetables of waves, holidays of years, and notices that wait for somebody."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("done_at IS NULL AND superseded_at IS NULL")


def upgrade() -> None:
    _entry()
    _holiday_calendar()
    _notice()


def _entry() -> None:
    table = "timetable_entry"
    for name in ("wave", "programme_version", "unit"):
        op.add_column(table, sa.Column(f"{name}_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"{table}_{name}_id_fkey"), table, name, [f"{name}_id"], ["id"])
    for name in ("kind", "cancelled_by"):
        op.add_column(table, sa.Column(name, sa.String(), nullable=True))
    for name in ("title", "rule"):
        op.add_column(table, sa.Column(name, postgresql.JSONB(), nullable=True))
    for name in ("starts_at", "ends_at", "due_at", "created_at", "cancelled_at"):
        op.add_column(table, sa.Column(name, MOMENT, nullable=True))
    for name, default in (("origin", "shipped"), ("free_days", "keep"), ("created_by", "system")):
        op.add_column(table, sa.Column(name, sa.String(), server_default=default, nullable=False))
    roles = sa.Column("roles", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    op.add_column(table, roles)
    checks = {
        "origin": "origin IN ('shipped','plan','own')",
        "free_days": "free_days IN ('keep','next','previous','skip')",
        "cancelled": "(cancelled_at IS NULL) = (cancelled_by IS NULL)",
    }
    for name, condition in checks.items():
        op.create_check_constraint(op.f(f"{table}_{name}_check"), table, condition)
    for name in ("wave_id", "programme_version_id"):
        op.create_index(op.f(f"{table}_{name}_idx"), table, [name])
    live = sa.text("cancelled_at IS NULL")
    op.create_index(op.f(f"{table}_at_idx"), table, ["at"], postgresql_where=live)
    op.create_index(op.f("timetable_occurrence_occurs_at_idx"), "timetable_occurrence", ["occurs_at"])


def _holiday_calendar() -> None:
    op.create_table(
        "holiday_calendar",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("holiday_calendar_pkey")),
        sa.UniqueConstraint("country", "year", name=op.f("holiday_calendar_country_year_key")),
    )


def _notice() -> None:
    references = ("unit", "firm", "wave", "programme_version", "timetable_entry")
    columns = {name: "entry_id" if name == "timetable_entry" else f"{name}_id" for name in references}
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("key", "kind", "role")),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in columns.values()),
        sa.Column("title", postgresql.JSONB(), nullable=True),
        sa.Column("params", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("due_at", "superseded_at", "done_at")),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("notice_done_check")),
        *(
            sa.ForeignKeyConstraint([column], [f"{name}.id"], name=op.f(f"notice_{column}_fkey"))
            for name, column in columns.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notice_pkey")),
        sa.UniqueConstraint("key", name=op.f("notice_key_key")),
    )
    op.create_index("notice_open_idx", "notice", ["role", sa.text("at DESC")], postgresql_where=OPEN)
    op.create_index(op.f("notice_wave_id_idx"), "notice", ["wave_id"])
