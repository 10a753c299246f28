"""Duties: what somebody must do again and again, and whether it was done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

MOMENT = sa.DateTime(timezone=True)
OCCURRENCE = "duty_occurrence"
# Column -> the table it points to.
POINTS = {
    "programme_id": "programme",
    "programme_version_id": "programme_version",
    "subject_id": "subject",
    "about_id": "subject",
    "person_id": "person",
    "unit_id": "unit",
    "submission_id": "submission",
}
OPTIONAL = ("about_id", "person_id", "unit_id", "submission_id")


def upgrade() -> None:
    _ledger()
    _occurrence()
    _occurrence_indexes()
    _file()


def _ledger() -> None:
    op.create_table(
        "duty_ledger",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("kept_through", sa.Date(), nullable=True),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("duty_ledger_programme_id_fkey")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("duty_ledger_pkey")),
    )


def _occurrence() -> None:
    words = ("duty", "role", "period")
    numbers = ("number", "times")
    moments = ("opens_at", "due_at", "closes_at", "created_at")
    later = ("done_at", "excused_at", "corrected_at")
    noted = ("done_by", "note", "signed_by", "excused_by", "excuse", "corrected_by", "correction")
    op.create_table(
        OCCURRENCE,
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=name in OPTIONAL) for name in POINTS),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        sa.Column("due_on", sa.Date(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in moments),
        sa.Column("noted", sa.BigInteger(), server_default="0", nullable=False),
        *(sa.Column(name, MOMENT, nullable=True) for name in later),
        *(sa.Column(name, sa.String(), nullable=True) for name in noted),
        sa.Column("fields", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.CheckConstraint(
            "opens_at < due_at AND due_at <= closes_at", name=op.f("duty_occurrence_window_check")
        ),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("duty_occurrence_done_check")),
        sa.CheckConstraint(
            "(excused_at IS NULL) = (excused_by IS NULL) AND (excused_at IS NULL) = (excuse IS NULL)",
            name=op.f("duty_occurrence_excused_check"),
        ),
        sa.CheckConstraint(
            "done_at IS NULL OR excused_at IS NULL", name=op.f("duty_occurrence_one_end_check")
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"{OCCURRENCE}_{name}_fkey"))
            for name, table in POINTS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("duty_occurrence_pkey")),
        sa.UniqueConstraint(
            "programme_id",
            "duty",
            "subject_id",
            "about_id",
            "person_id",
            "period",
            "number",
            name=op.f("duty_occurrence_once_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _occurrence_indexes() -> None:
    op.create_index("duty_occurrence_due_idx", OCCURRENCE, ["programme_id", "due_on", "id"])
    op.create_index("duty_occurrence_subject_idx", OCCURRENCE, ["subject_id", "due_on"])
    op.create_index("duty_occurrence_unit_idx", OCCURRENCE, ["unit_id", "due_on"])
    op.create_index(
        "duty_occurrence_person_idx",
        OCCURRENCE,
        ["person_id", "due_on"],
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_index(
        "duty_occurrence_submission_idx",
        OCCURRENCE,
        ["submission_id"],
        unique=True,
        postgresql_where=sa.text("submission_id IS NOT NULL"),
    )


def _file() -> None:
    op.create_table(
        "duty_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurrence_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("object_key", "media_type", "sha256")),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), server_default="expected", nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('expected','verified','refused')", name=op.f("duty_file_state_check")),
        sa.CheckConstraint("size > 0", name=op.f("duty_file_size_check")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["duty_occurrence.id"], name=op.f("duty_file_occurrence_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("duty_file_pkey")),
        sa.UniqueConstraint("object_key", name=op.f("duty_file_object_key_key")),
    )
    op.create_index(op.f("duty_file_occurrence_id_idx"), "duty_file", ["occurrence_id"])
