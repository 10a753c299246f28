"""Publications with their versions, the window for facts before them, and appeals."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"

MOMENT = sa.DateTime(timezone=True)
GUARD = """
CREATE FUNCTION publication_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'proposed' AND NEW.snapshot_hash = OLD.snapshot_hash THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was published is never changed: a correction is the next version';
END
$$;
CREATE TRIGGER publication_frozen BEFORE UPDATE OR DELETE ON publication
    FOR EACH ROW EXECUTE FUNCTION publication_refuse();
CREATE TRIGGER publication_no_truncate BEFORE TRUNCATE ON publication
    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse();
"""


def upgrade() -> None:
    _facts_checks()
    _publications()
    _appeals()
    op.execute(sa.text(GUARD))


def _keys(table: str, keys: Iterable[tuple[str, str]]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"{table}_{column}_fkey"))
        for column, target in keys
    ]


def _facts_checks() -> None:
    op.create_table(
        "facts_check",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.CheckConstraint("closes_at > opened_at", name=op.f("facts_check_window_check")),
        *_keys("facts_check", [("wave_id", "wave.id")]),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("facts_check_pkey")),
    )


def _publications() -> None:
    op.create_table(
        "publication",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("snapshot", JSONB(), nullable=False),
        sa.Column("snapshot_hash", sa.String(), nullable=False),
        sa.Column("settlement_id", sa.Uuid()),
        sa.Column("reason", sa.String()),
        sa.Column("alone", sa.String()),
        sa.Column("visible_from", MOMENT, nullable=False),
        sa.Column("appeals_until", MOMENT),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("published_by", sa.Uuid()),
        sa.Column("published_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed','published','withdrawn')", name=op.f("publication_state_check")
        ),
        sa.CheckConstraint(
            "num_nonnulls(published_by, published_at) = CASE state WHEN 'published' THEN 2 ELSE 0 END",
            name=op.f("publication_published_check"),
        ),
        sa.CheckConstraint("number = 1 OR reason IS NOT NULL", name=op.f("publication_reason_check")),
        *_keys(
            "publication",
            [
                ("wave_id", "wave.id"),
                ("settlement_id", "settlement.id"),
                ("proposed_by", "account.id"),
                ("published_by", "account.id"),
            ],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("publication_pkey")),
    )
    op.create_index(
        "publication_number_key",
        "publication",
        ["wave_id", "number"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_index(
        "publication_proposed_key",
        "publication",
        ["wave_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "published_report",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        *_keys("published_report", [("submission_pk", "submission.id")]),
        sa.PrimaryKeyConstraint("submission_pk", name=op.f("published_report_pkey")),
        sa.UniqueConstraint("ref", name=op.f("published_report_ref_key")),
    )


def _appeals() -> None:
    op.create_table(
        "appeal",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("submission_pk", sa.Uuid()),
        sa.Column("item", sa.String()),
        sa.Column("ledger_line_id", sa.Uuid()),
        sa.Column("fine_id", sa.Uuid()),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("decides_until", MOMENT, nullable=False),
        sa.Column("state", sa.String(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("answer", sa.String()),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", MOMENT),
        sa.Column("effect", JSONB()),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("stage IN ('objection','appeal')", name=op.f("appeal_stage_check")),
        sa.CheckConstraint(
            "state IN ('open','upheld','refused','taken_back')", name=op.f("appeal_state_check")
        ),
        sa.CheckConstraint(
            "num_nonnulls(submission_pk, ledger_line_id, fine_id) = 1", name=op.f("appeal_about_check")
        ),
        sa.CheckConstraint("item IS NULL OR submission_pk IS NOT NULL", name=op.f("appeal_item_check")),
        sa.CheckConstraint(
            "num_nonnulls(answer, decided_by, decided_at) "
            "= CASE WHEN state IN ('upheld','refused') THEN 3 ELSE 0 END",
            name=op.f("appeal_decided_check"),
        ),
        *_keys(
            "appeal",
            [
                ("wave_id", "wave.id"),
                ("subject_id", "subject.id"),
                ("submission_pk", "submission.id"),
                ("ledger_line_id", "ledger_line.id"),
                ("fine_id", "spot_fine.id"),
                ("decided_by", "account.id"),
            ],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("appeal_pkey")),
    )
    op.create_index(op.f("appeal_subject_id_idx"), "appeal", ["subject_id"])
    op.create_index("appeal_wave_idx", "appeal", ["wave_id", "state"])
    op.create_index(
        "appeal_open_key",
        "appeal",
        ["submission_pk", "item", "ledger_line_id", "fine_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
        postgresql_nulls_not_distinct=True,
    )
