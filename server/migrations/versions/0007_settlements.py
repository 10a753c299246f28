"""Settlements with their ledger, who published programmes, and by which instrument a wave asks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)
GUARD = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'settlements and ledger lines are never changed: a later settlement reverses them';
END
$$;
CREATE TRIGGER settlement_insert_only BEFORE UPDATE OR DELETE ON settlement
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER settlement_no_truncate BEFORE TRUNCATE ON settlement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_line_insert_only BEFORE UPDATE OR DELETE ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_line_no_truncate BEFORE TRUNCATE ON ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""
# The guard over what is published would refuse to let even its own dates be filled in.
STAMP = """
ALTER TABLE programme_version DISABLE TRIGGER programme_version_guard;
UPDATE programme_version SET published_at = created_at, published_by = 'system' WHERE status <> 'draft';
UPDATE programme_version SET retired_at = created_at WHERE status = 'retired';
ALTER TABLE programme_version ENABLE TRIGGER programme_version_guard;
"""
# Which of the programme's instruments a wave was planned by: the one of its kind that uses its form.
NAME_INSTRUMENTS = """
UPDATE wave SET instrument_name = (
    SELECT each ->> 'name'
    FROM programme_version,
        jsonb_array_elements(programme_version.content -> 'instruments') WITH ORDINALITY AS listed (each, turn),
        form_version JOIN form ON form.id = form_version.form_id
    WHERE programme_version.id = wave.programme_version_id AND form_version.id = wave.form_version_id
        AND each ->> 'kind' = wave.instrument AND each ->> 'form' = form.key
    ORDER BY turn LIMIT 1
)
"""


def upgrade() -> None:
    _programme_version()
    op.add_column("wave", sa.Column("instrument_name", sa.String(), nullable=True))
    op.execute(NAME_INSTRUMENTS)
    _settlement()
    _ledger_line()
    op.execute(GUARD)


def _programme_version() -> None:
    table = "programme_version"
    op.add_column(table, sa.Column("note", sa.String(), nullable=True))
    op.add_column(table, sa.Column("created_by", sa.String(), server_default="system", nullable=False))
    op.add_column(table, sa.Column("published_at", MOMENT, nullable=True))
    op.add_column(table, sa.Column("published_by", sa.String(), nullable=True))
    op.add_column(table, sa.Column("retired_at", MOMENT, nullable=True))
    op.execute(STAMP)
    op.create_check_constraint(
        op.f(f"{table}_published_check"), table, "(status = 'draft') = (published_at IS NULL)"
    )
    op.create_check_constraint(
        op.f(f"{table}_retired_check"), table, "(status = 'retired') = (retired_at IS NOT NULL)"
    )


def _settlement() -> None:
    op.create_table(
        "settlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("programme_version_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("facts_hash", sa.String(), nullable=False),
        sa.Column("definition_hash", sa.String(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("result_hash", sa.String(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("settlement_programme_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["programme_version_id"],
            ["programme_version.id"],
            name=op.f("settlement_programme_version_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["settlement.id"], name=op.f("settlement_supersedes_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("settlement_pkey")),
        sa.UniqueConstraint("supersedes_id", name=op.f("settlement_supersedes_id_key")),
        sa.UniqueConstraint(
            "programme_version_id",
            "facts_hash",
            "supersedes_id",
            name=op.f("settlement_programme_version_id_facts_hash_supersedes_id_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "settlement_first_idx",
        "settlement",
        ["programme_id", "year"],
        unique=True,
        postgresql_where=sa.text("supersedes_id IS NULL"),
    )


def _ledger_line() -> None:
    words = ("line_id", "rule", "subject", "period", "direction", "unit", "payee_kind", "payee_id")
    op.create_table(
        "ledger_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("direction IN ('reward','penalty')", name=op.f("ledger_line_direction_check")),
        sa.CheckConstraint(
            "(reverses_id IS NULL) = (amount > 0) AND amount <> 0", name=op.f("ledger_line_contra_check")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.id"], name=op.f("ledger_line_settlement_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_line.id"], name=op.f("ledger_line_reverses_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_line_pkey")),
        sa.UniqueConstraint("reverses_id", name=op.f("ledger_line_reverses_id_key")),
        sa.UniqueConstraint("settlement_id", "line_id", name=op.f("ledger_line_settlement_id_line_id_key")),
    )
    op.create_index("ledger_line_payee_idx", "ledger_line", ["payee_kind", "payee_id"])
