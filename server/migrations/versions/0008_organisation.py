"""The tree of units as it was on any day, more levels, closing and merging, and keys of our own systems."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)
LEVELS = (
    "level IN ('head_office','province','city','district','area','sub_branch','second_sub_branch','outlet')"
)
# What is known of a unit so far was so since the day it came in.
FIRST_VERSIONS = """
INSERT INTO unit_version (
    id, unit_id, valid_from, parent_id, path, name, name_en, level, address, longitude, latitude, datum,
    timezone, attributes, closed, changed_by, changed_at
)
SELECT gen_random_uuid(), id, (created_at AT TIME ZONE timezone)::date, parent_id, path, name, name_en, level,
    address, longitude, latitude, datum, timezone, attributes, closed_at IS NOT NULL, 'system', created_at
FROM unit
"""


def upgrade() -> None:
    _unit()
    _unit_version()
    op.execute(FIRST_VERSIONS)
    op.add_column("subject", sa.Column("parent_unit_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("subject_parent_unit_id_fkey"), "subject", "unit", ["parent_unit_id"], ["id"])
    _api_key()
    _kept_import()


def _unit() -> None:
    op.add_column("unit", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("unit", sa.Column("closed_reason", sa.String(), nullable=True))
    op.add_column("unit", sa.Column("successor_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("unit_successor_id_fkey"), "unit", "unit", ["successor_id"], ["id"])
    op.drop_constraint(op.f("unit_level_check"), "unit", type_="check")
    op.create_check_constraint(op.f("unit_level_check"), "unit", LEVELS)


def _unit_version() -> None:
    op.create_table(
        "unit_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("longitude", sa.Numeric(10, 7), nullable=True),
        sa.Column("latitude", sa.Numeric(10, 7), nullable=True),
        sa.Column("datum", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("unit_version_days_check")),
        *(
            sa.ForeignKeyConstraint([name], ["unit.id"], name=op.f(f"unit_version_{name}_fkey"))
            for name in ("unit_id", "parent_id", "successor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("unit_version_pkey")),
        sa.UniqueConstraint("unit_id", "valid_from", name=op.f("unit_version_unit_id_valid_from_key")),
    )
    op.create_index(
        "unit_version_current_idx",
        "unit_version",
        ["unit_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "unit_version_path_idx", "unit_version", ["path"], postgresql_ops={"path": "text_pattern_ops"}
    )


def _api_key() -> None:
    op.alter_column("api_key", "firm_id", nullable=True)
    op.add_column("api_key", sa.Column("system", sa.String(), nullable=True))
    op.add_column("api_key", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("api_key_unit_id_fkey"), "api_key", "unit", ["unit_id"], ["id"])
    op.create_check_constraint(
        op.f("api_key_holder_check"), "api_key", "(firm_id IS NULL) = (system IS NOT NULL)"
    )


def _kept_import() -> None:
    op.create_table(
        "kept_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("kept_import_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("kept_import_pkey")),
    )
    op.create_index(op.f("kept_import_created_at_idx"), "kept_import", ["created_at"])
