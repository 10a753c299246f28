"""Tables that refer to no other, and the tree of units."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    _audit_anchor()
    _audit_line()
    _deployment_fact()
    _firm()
    _form()
    _inbox_message()
    _opt_out()
    _programme()
    _sign_in_attempt()
    _timetable_entry()
    _unit()


def _audit_anchor() -> None:
    op.create_table(
        "audit_anchor",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("anchored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("audit_anchor_pkey")),
    )


def _audit_line() -> None:
    op.create_table(
        "audit_line",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_line_pkey")),
    )


def _deployment_fact() -> None:
    op.create_table(
        "deployment_fact",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("deployment_fact_pkey")),
    )


def _firm() -> None:
    op.create_table(
        "firm",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("firm_pkey")),
        sa.UniqueConstraint("code", name=op.f("firm_code_key")),
    )


def _form() -> None:
    op.create_table(
        "form",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("form_pkey")),
        sa.UniqueConstraint("key", name=op.f("form_key_key")),
    )


def _inbox_message() -> None:
    op.create_table(
        "inbox_message",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("inbox_message_pkey")),
        sa.UniqueConstraint("provider_id", name=op.f("inbox_message_provider_id_key")),
        sa.UniqueConstraint("reference", name=op.f("inbox_message_reference_key")),
    )


def _opt_out() -> None:
    op.create_table(
        "opt_out",
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_hash", name=op.f("opt_out_pkey")),
    )


def _programme() -> None:
    op.create_table(
        "programme",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("programme_pkey")),
        sa.UniqueConstraint("key", name=op.f("programme_key_key")),
    )


def _sign_in_attempt() -> None:
    op.create_table(
        "sign_in_attempt",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_attempt_pkey")),
    )
    op.create_index("sign_in_attempt_at_idx", "sign_in_attempt", ["at"], unique=False)
    op.create_index("sign_in_attempt_login_at_idx", "sign_in_attempt", ["login", "at"], unique=False)


def _timetable_entry() -> None:
    op.create_table(
        "timetable_entry",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("timetable_entry_pkey")),
        sa.UniqueConstraint("key", name=op.f("timetable_entry_key_key")),
    )


def _unit() -> None:
    op.create_table(
        "unit",
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("longitude", sa.Numeric(precision=10, scale=7), nullable=True),
        sa.Column("latitude", sa.Numeric(precision=10, scale=7), nullable=True),
        sa.Column("datum", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("datum IN ('WGS-84','GCJ-02','BD-09')", name=op.f("unit_datum_check")),
        sa.CheckConstraint(
            "level IN ('province','city','district','sub_branch','outlet')", name=op.f("unit_level_check")
        ),
        sa.CheckConstraint("(longitude IS NULL) = (datum IS NULL)", name=op.f("unit_datum_known_check")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("unit_parent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("unit_pkey")),
        sa.UniqueConstraint("code", name=op.f("unit_code_key")),
    )
    op.create_index(op.f("unit_parent_id_idx"), "unit", ["parent_id"], unique=False)
    op.create_index(
        "unit_path_idx", "unit", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
    )
