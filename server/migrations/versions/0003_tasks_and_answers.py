"""Draws, tasks, messages, submissions and what hangs on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _assignment()
    _attachment()
    _draw()
    _frame_member()
    _invitation()
    _role_grant()
    _staff_session()
    _submission()
    _finding()
    _message()
    _pending()
    _respondent_session()
    _submission_revision()
    _score_sheet()
    _submission_text()


def _assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("assignment_person_id_fkey")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("assignment_subject_id_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("assignment_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("assignment_pkey")),
        sa.UniqueConstraint("submission_id", name=op.f("assignment_submission_id_key")),
        sa.UniqueConstraint("token_hash", name=op.f("assignment_token_hash_key")),
    )
    op.create_index("assignment_wave_subject_idx", "assignment", ["wave_id", "subject_id"], unique=False)


def _attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('expected','verified','refused')", name=op.f("attachment_state_check")),
        sa.CheckConstraint("size > 0", name=op.f("attachment_size_check")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("attachment_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("attachment_pkey")),
        sa.UniqueConstraint("object_key", name=op.f("attachment_object_key_key")),
        sa.UniqueConstraint(
            "submission_id", "attachment_id", name=op.f("attachment_submission_id_attachment_id_key")
        ),
    )


def _draw() -> None:
    op.create_table(
        "draw",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("frame_fingerprint", sa.String(), nullable=False),
        sa.Column("result_fingerprint", sa.String(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["drawn_by"], ["account.id"], name=op.f("draw_drawn_by_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("draw_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("draw_pkey")),
        sa.UniqueConstraint("wave_id", name=op.f("draw_wave_id_key")),
    )


def _frame_member() -> None:
    op.create_table(
        "frame_member",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("excluded", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('selected','reserve','excluded')", name=op.f("frame_member_outcome_check")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("frame_member_contact_id_fkey")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("frame_member_unit_id_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("frame_member_wave_id_fkey")),
        sa.PrimaryKeyConstraint("wave_id", "member_id", name=op.f("frame_member_pkey")),
    )
    op.create_index("frame_member_wave_outcome_idx", "frame_member", ["wave_id", "outcome"], unique=False)


def _invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("invitation_contact_id_fkey")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("invitation_subject_id_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("invitation_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("invitation_pkey")),
        sa.UniqueConstraint("submission_id", name=op.f("invitation_submission_id_key")),
        sa.UniqueConstraint("token_hash", name=op.f("invitation_token_hash_key")),
        sa.UniqueConstraint("wave_id", "contact_id", name=op.f("invitation_wave_id_contact_id_key")),
    )
    op.create_index("invitation_wave_subject_idx", "invitation", ["wave_id", "subject_id"], unique=False)


def _role_grant() -> None:
    op.create_table(
        "role_grant",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("role_grant_account_id_fkey")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("role_grant_firm_id_fkey")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("role_grant_programme_id_fkey")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("role_grant_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("role_grant_pkey")),
    )
    op.create_index(op.f("role_grant_account_id_idx"), "role_grant", ["account_id"], unique=False)


def _staff_session() -> None:
    op.create_table(
        "staff_session",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("staff_session_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_session_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("staff_session_secret_hash_key")),
    )
    op.create_index(op.f("staff_session_account_id_idx"), "staff_session", ["account_id"], unique=False)
    op.create_index(op.f("staff_session_expires_at_idx"), "staff_session", ["expires_at"], unique=False)


def _submission() -> None:
    op.create_table(
        "submission",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("door IN ('page','api','bulk')", name=op.f("submission_door_check")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("submission_firm_id_fkey")),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["form_version.id"], name=op.f("submission_form_version_id_fkey")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("submission_subject_id_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("submission_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("submission_pkey")),
        sa.UniqueConstraint("wave_id", "submission_id", name=op.f("submission_wave_id_submission_id_key")),
    )
    op.create_index("submission_wave_subject_idx", "submission", ["wave_id", "subject_id"], unique=False)


def _finding() -> None:
    op.create_table(
        "finding",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("points", sa.Numeric(), nullable=False),
        sa.Column("key_item", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('pending','confirmed','overturned')", name=op.f("finding_state_check")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("finding_subject_id_fkey")),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f("finding_submission_pk_fkey")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("finding_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("finding_pkey")),
    )
    op.create_index(op.f("finding_submission_pk_idx"), "finding", ["submission_pk"], unique=False)
    op.create_index("finding_wave_subject_idx", "finding", ["wave_id", "subject_id"], unique=False)


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued','sending','accepted','delivered','undelivered','unknown','failed','expired','cancelled','skipped')",
            name=op.f("message_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("message_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("message_invitation_id_fkey")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("message_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
        sa.UniqueConstraint("dedupe_key", name=op.f("message_dedupe_key_key")),
    )
    op.create_index(op.f("message_assignment_id_idx"), "message", ["assignment_id"], unique=False)
    op.create_index(
        "message_due_idx", "message", ["not_before"], unique=False, postgresql_where="state = 'queued'"
    )
    op.create_index(op.f("message_invitation_id_idx"), "message", ["invitation_id"], unique=False)
    op.create_index(op.f("message_recipient_hash_idx"), "message", ["recipient_hash"], unique=False)
    op.create_index("message_wave_state_idx", "message", ["wave_id", "state"], unique=False)


def _pending() -> None:
    op.create_table(
        "pending",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f("pending_submission_pk_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pending_pkey")),
    )


def _respondent_session() -> None:
    op.create_table(
        "respondent_session",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(invitation_id, assignment_id) = 1", name=op.f("respondent_session_one_task_check")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("respondent_session_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("respondent_session_invitation_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("respondent_session_pkey")),
        sa.UniqueConstraint("ref", name=op.f("respondent_session_ref_key")),
    )
    op.create_index(
        op.f("respondent_session_assignment_id_idx"), "respondent_session", ["assignment_id"], unique=False
    )
    op.create_index(
        op.f("respondent_session_invitation_id_idx"), "respondent_session", ["invitation_id"], unique=False
    )


def _submission_revision() -> None:
    op.create_table(
        "submission_revision",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["account.id"], name=op.f("submission_revision_author_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f("submission_revision_submission_pk_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("submission_revision_pkey")),
        sa.UniqueConstraint(
            "submission_pk", "number", name=op.f("submission_revision_submission_pk_number_key")
        ),
    )


def _score_sheet() -> None:
    op.create_table(
        "score_sheet",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("raw", sa.String(), nullable=True),
        sa.Column("published", sa.Numeric(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("sheet", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["submission_revision.id"], name=op.f("score_sheet_revision_id_fkey")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("score_sheet_subject_id_fkey")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("score_sheet_wave_id_fkey")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("score_sheet_pkey")),
    )
    op.create_index("score_sheet_wave_subject_idx", "score_sheet", ["wave_id", "subject_id"], unique=False)


def _submission_text() -> None:
    op.create_table(
        "submission_text",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["submission_revision.id"], name=op.f("submission_text_revision_id_fkey")
        ),
        sa.PrimaryKeyConstraint("revision_id", "question", name=op.f("submission_text_pkey")),
    )
