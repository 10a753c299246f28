"""Opening history: files of results from before this system, and their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)
KINDS = "'score', 'grade', 'rank', 'failed_item', 'base_rate', 'indicator'"
CONTENT = (
    "CASE kind WHEN 'grade' THEN word IS NOT NULL AND value IS NULL"
    " WHEN 'failed_item' THEN word IS NULL"
    " ELSE value IS NOT NULL AND word IS NULL END"
)
WITHDRAWN = (
    "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_reason IS NULL)"
)
ONCE = ("programme_id", "subject_id", "kind", "name", "instrument", "period", "ends_on", "file_id")


def upgrade() -> None:
    _file()
    _result()


def _file() -> None:
    op.create_table(
        "history_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(), nullable=True),
        sa.CheckConstraint("row_count > 0", name=op.f("history_file_row_count_check")),
        sa.CheckConstraint(WITHDRAWN, name=op.f("history_file_withdrawn_check")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("history_file_programme_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("history_file_pkey")),
    )
    op.create_index(op.f("history_file_programme_id_idx"), "history_file", ["programme_id"])


def _result() -> None:
    points = {"file_id": "history_file", "programme_id": "programme", "subject_id": "subject"}
    op.create_table(
        "history_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in points),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "name", "instrument", "period")),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("word", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("history_result_kind_check")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("history_result_days_check")),
        sa.CheckConstraint(CONTENT, name=op.f("history_result_content_check")),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"history_result_{name}_fkey"))
            for name, table in points.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("history_result_pkey")),
        sa.UniqueConstraint(*ONCE, name="history_result_once_key"),
    )
    op.create_index(op.f("history_result_subject_id_idx"), "history_result", ["subject_id"])
    op.create_index("history_result_file_idx", "history_result", ["file_id", "row_number", "id"])
