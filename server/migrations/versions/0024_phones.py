"""Shoppers' phones, what they tell about a visit, and what people do with an assignment before it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

MOMENT = sa.DateTime(timezone=True)
DEGREES = sa.Numeric(10, 7)
NEW_MOMENTS = ("accepted_at", "given_back_at", "briefed_at", "prepared_at")


def upgrade() -> None:
    for name in NEW_MOMENTS:
        op.add_column("assignment", sa.Column(name, MOMENT))
    op.add_column("assignment", sa.Column("given_back_reason", sa.String()))
    op.execute(
        "ALTER TABLE assignment ADD CONSTRAINT assignment_given_back_check"
        " CHECK ((given_back_at IS NULL) = (given_back_reason IS NULL)) NOT VALID"
    )
    op.execute("ALTER TABLE assignment VALIDATE CONSTRAINT assignment_given_back_check")
    _phones()
    _records()
    _before()
    _after()


def _phones() -> None:
    op.create_table(
        "device",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("device_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("device_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("device_secret_hash_key")),
    )
    op.create_index(op.f("device_person_id_idx"), "device", ["person_id"])
    op.create_table(
        "device_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('link','code')", name=op.f("device_key_kind_check")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("device_key_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("device_key_pkey")),
        sa.UniqueConstraint("hash", name=op.f("device_key_hash_key")),
    )
    op.create_index(op.f("device_key_person_id_idx"), "device_key", ["person_id"])


def _records() -> None:
    op.create_table(
        "visit_record",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String()),
        sa.Column("outcome_note", sa.String()),
        sa.Column("notes", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("tray", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("attempted_at", MOMENT),
        sa.Column("consented_at", MOMENT),
        sa.Column("identified_at", MOMENT),
        sa.Column("declared_name", sa.String()),
        sa.Column("declared_at", MOMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done','closed','moved','not_found','system_down','recognised','unsafe')",
            name=op.f("visit_record_outcome_check"),
        ),
        sa.CheckConstraint(
            "(declared_name IS NULL) = (declared_at IS NULL)", name=op.f("visit_record_declared_check")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("visit_record_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("visit_record_pkey")),
        sa.UniqueConstraint("assignment_id", name=op.f("visit_record_assignment_id_key")),
    )
    op.create_table(
        "visit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("longitude", DEGREES),
        sa.Column("latitude", DEGREES),
        sa.Column("datum", sa.String()),
        sa.Column("accuracy", sa.BigInteger()),
        sa.Column("distance", sa.BigInteger()),
        sa.Column("detail", JSONB(), nullable=False),
        sa.CheckConstraint("datum IN ('WGS-84','GCJ-02','BD-09')", name=op.f("visit_event_datum_check")),
        sa.CheckConstraint(
            "num_nonnulls(longitude, latitude, datum) IN (0, 3)", name=op.f("visit_event_position_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("visit_event_pkey")),
    )
    op.create_index("visit_event_submission_idx", "visit_event", ["submission_id", "at"])
    op.create_index(
        "visit_event_trail_idx",
        "visit_event",
        ["received_at"],
        postgresql_where=sa.text("longitude IS NOT NULL"),
    )


def _before() -> None:
    op.create_table(
        "thread_line",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("from_desk", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("thread_line_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("thread_line_pkey")),
    )
    op.create_index("thread_line_assignment_idx", "thread_line", ["assignment_id", "at"])
    op.create_index(
        "thread_line_unread_idx",
        "thread_line",
        ["at"],
        postgresql_where=sa.text("read_at IS NULL AND NOT from_desk"),
    )
    op.create_table(
        "quiz_attempt",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("percent", sa.Numeric(), nullable=False),
        sa.Column("modules", JSONB(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["form_version.id"], name=op.f("quiz_attempt_form_version_id_fkey")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("quiz_attempt_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("quiz_attempt_pkey")),
    )
    op.create_index("quiz_attempt_person_idx", "quiz_attempt", ["person_id", "form_version_id", "at"])
    op.create_table(
        "letter_of_authority",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("letter_of_authority_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("letter_of_authority_pkey")),
        sa.UniqueConstraint("assignment_id", name=op.f("letter_of_authority_assignment_id_key")),
        sa.UniqueConstraint("hash", name=op.f("letter_of_authority_hash_key")),
    )


def _after() -> None:
    op.create_table(
        "visit_return",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("questions", JSONB(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("visit_return_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("visit_return_pkey")),
        sa.UniqueConstraint("assignment_id", "number", name=op.f("visit_return_assignment_id_number_key")),
    )
