"""People, versions of definitions, contacts, subjects, waves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _api_key()
    _audit_seal()
    _contact()
    _form_version()
    _person()
    _programme_version()
    _timetable_occurrence()
    _account()
    _contact_private()
    _draft()
    _person_private()
    _subject()
    _wave()


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("api_key_firm_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("api_key_secret_hash_key")),
    )
    op.create_index(op.f("api_key_firm_id_idx"), "api_key", ["firm_id"], unique=False)


def _audit_seal() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["audit_line.id"], name=op.f("audit_seal_line_id_fkey")),
        sa.PrimaryKeyConstraint("position", name=op.f("audit_seal_pkey")),
        sa.UniqueConstraint("line_id", name=op.f("audit_seal_line_id_key")),
    )


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("large_type", sa.Boolean(), nullable=False),
        sa.Column("consent_source", sa.String(), nullable=True),
        sa.Column("served_on", sa.Date(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("contact_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_pkey")),
        sa.UniqueConstraint("external_id", name=op.f("contact_external_id_key")),
    )
    op.create_index(op.f("contact_unit_id_idx"), "contact", ["unit_id"], unique=False)


def _form_version() -> None:
    op.create_table(
        "form_version",
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft','published','retired')", name=op.f("form_version_status_check")
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("form_version_form_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("form_version_pkey")),
        sa.UniqueConstraint("form_id", "version", name=op.f("form_version_form_id_version_key")),
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("person_firm_id_fkey")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("person_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
    )


def _programme_version() -> None:
    op.create_table(
        "programme_version",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft','published','retired')", name=op.f("programme_version_status_check")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("programme_version_programme_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("programme_version_pkey")),
        sa.UniqueConstraint(
            "programme_id", "version", name=op.f("programme_version_programme_id_version_key")
        ),
    )


def _timetable_occurrence() -> None:
    op.create_table(
        "timetable_occurrence",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("occurs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["timetable_entry.id"], name=op.f("timetable_occurrence_entry_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("timetable_occurrence_pkey")),
        sa.UniqueConstraint(
            "entry_id", "occurs_at", name=op.f("timetable_occurrence_entry_id_occurs_at_key")
        ),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("login = lower(login)", name=op.f("account_login_lower_check")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("account_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("login", name=op.f("account_login_key")),
    )


def _contact_private() -> None:
    op.create_table(
        "contact_private",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("contact_private_contact_id_fkey")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("contact_private_pkey")),
    )
    op.create_index(op.f("contact_private_phone_hash_idx"), "contact_private", ["phone_hash"], unique=False)


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["form_version.id"], name=op.f("draft_form_version_id_fkey")
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("draft_pkey")),
    )


def _person_private() -> None:
    op.create_table(
        "person_private",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("person_private_person_id_fkey")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("person_private_pkey")),
    )
    op.create_index(op.f("person_private_phone_hash_idx"), "person_private", ["phone_hash"], unique=False)


def _subject() -> None:
    op.create_table(
        "subject",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('unit','person','department','firm','bank')", name=op.f("subject_kind_check")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("subject_firm_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("subject_person_id_fkey")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("subject_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("subject_pkey")),
        sa.UniqueConstraint("code", name=op.f("subject_code_key")),
        sa.UniqueConstraint("firm_id", name=op.f("subject_firm_id_key")),
        sa.UniqueConstraint("person_id", name=op.f("subject_person_id_key")),
        sa.UniqueConstraint("unit_id", name=op.f("subject_unit_id_key")),
    )


def _wave() -> None:
    op.create_table(
        "wave",
        sa.Column("programme_version_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=True),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prn_key", sa.LargeBinary(), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("instrument IN ('survey','visit')", name=op.f("wave_instrument_check")),
        sa.CheckConstraint("state IN ('planned','drawn','launched','closed')", name=op.f("wave_state_check")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("wave_window_check")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("wave_firm_id_fkey")),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["form_version.id"], name=op.f("wave_form_version_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["programme_version_id"], ["programme_version.id"], name=op.f("wave_programme_version_id_fkey")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("wave_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("wave_pkey")),
        sa.UniqueConstraint("code", name=op.f("wave_code_key")),
    )
