"""The call-back desk: cases, attempts, attribution, bulletins of a week, closing messages."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"

MOMENT = sa.DateTime(timezone=True)
CAUSES = "'dissatisfied','ring','complaint'"
SEVERITIES = "'high','normal','low'"
OUTCOMES = "'resolved','passed_on','not_reached','refused','wrong_number','no_number'"
REACHES = "'reached','no_answer','wrong_number','ring_later','refused'"
AXES = "'person','process','product','network','mistake'"
STEPS = "'proposed','confirmed','changed','disputed','upheld','dismissed'"
# Who called when, who said what about whom, and what the branches were told: added to, never changed. Only
# an agent's own words about a customer can be emptied, since customers may ask for that.
GUARD = """
CREATE FUNCTION call_back_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was noted about a call is added to and never changed';
END
$$;
CREATE TRIGGER call_back_attempt_kept BEFORE UPDATE ON call_back_attempt FOR EACH ROW
    WHEN (NEW.note IS NOT NULL OR to_jsonb(NEW) - 'note' IS DISTINCT FROM to_jsonb(OLD) - 'note')
    EXECUTE FUNCTION call_back_refuse();
CREATE TRIGGER call_back_attempt_no_delete BEFORE DELETE ON call_back_attempt
    FOR EACH ROW EXECUTE FUNCTION call_back_refuse();
CREATE TRIGGER call_back_step_insert_only BEFORE UPDATE OR DELETE ON call_back_step
    FOR EACH ROW EXECUTE FUNCTION call_back_refuse();
CREATE TRIGGER call_back_bulletin_insert_only BEFORE UPDATE OR DELETE ON call_back_bulletin
    FOR EACH ROW EXECUTE FUNCTION call_back_refuse();
"""
KEPT = ("call_back_attempt", "call_back_step", "call_back_bulletin")
NO_TRUNCATE = """
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION call_back_refuse()
"""


def upgrade() -> None:
    _case()
    _attempt()
    _step()
    _bulletin()
    _closing()
    op.execute(GUARD)
    for table in KEPT:
        op.execute(NO_TRUNCATE.format(table=table))


def _case() -> None:
    points = {
        "unit_id": "unit", "programme_version_id": "programme_version", "wave_id": "wave",
        "submission_pk": "submission", "inbound_id": "inbound_message", "contact_id": "contact", "person_id": "person",
        "holder_id": "account", "record_pk": "submission", "passed_to_id": "unit",
    }  # fmt: skip
    op.create_table(
        "call_back_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("key", "cause", "severity")),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("programme_version_id", sa.Uuid()),
        sa.Column("instrument_name", sa.String()),
        *(
            sa.Column(name, sa.Uuid())
            for name in ("wave_id", "submission_pk", "inbound_id", "contact_id", "person_id")
        ),
        sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("words", sa.String()),
        sa.Column("marks_contact", sa.Boolean(), nullable=False, server_default=sa.false()),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("opened_at", "due_at", "ring_at")),
        sa.Column("holder_id", sa.Uuid()),
        sa.Column("moved_at", MOMENT),
        sa.Column("record_pk", sa.Uuid()),
        sa.Column("outcome", sa.String()),
        sa.Column("note", sa.String()),
        sa.Column("passed_to_id", sa.Uuid()),
        sa.Column("closed_at", MOMENT),
        sa.Column("closed_by", sa.String()),
        *_checks(
            "call_back_case",
            {
                "cause": f"cause IN ({CAUSES})",
                "severity": f"severity IN ({SEVERITIES})",
                "outcome": f"outcome IN ({OUTCOMES})",
                "closed": "num_nonnulls(closed_at, closed_by, outcome) IN (0, 3)",
                "passed_on": "(outcome = 'passed_on') = (passed_to_id IS NOT NULL)",
                "held": "holder_id IS NULL OR moved_at IS NOT NULL",
            },
        ),
        *_keys("call_back_case", points),
        sa.PrimaryKeyConstraint("id", name=op.f("call_back_case_pkey")),
        sa.UniqueConstraint("key", name=op.f("call_back_case_key_key")),
        sa.UniqueConstraint("submission_pk", name=op.f("call_back_case_submission_pk_key")),
    )
    op.create_index(op.f("call_back_case_wave_id_idx"), "call_back_case", ["wave_id"])
    op.create_index("call_back_case_unit_idx", "call_back_case", ["unit_id", "opened_at"])
    for name, column, where in (
        ("contact", "contact_id", "closed_at IS NULL"),
        ("open", "due_at", "closed_at IS NULL"),
        ("closed", "closed_at", "closed_at IS NOT NULL"),
    ):
        index = f"call_back_case_{name}_idx"
        op.create_index(index, "call_back_case", [column], postgresql_where=sa.text(where))


def _attempt() -> None:
    op.create_table(
        "call_back_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("ring_at", MOMENT),
        sa.Column("note", sa.String()),
        *_checks(
            "call_back_attempt",
            {
                "reach": f"reach IN ({REACHES})",
                "ring_later": "(reach = 'ring_later') = (ring_at IS NOT NULL)",
            },
        ),
        *_keys("call_back_attempt", {"case_id": "call_back_case"}),
        sa.PrimaryKeyConstraint("id", name=op.f("call_back_attempt_pkey")),
        sa.UniqueConstraint("case_id", "number", name=op.f("call_back_attempt_case_id_number_key")),
    )


def _step() -> None:
    op.create_table(
        "call_back_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("axis", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("grave", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.String()),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *_checks(
            "call_back_step",
            {
                "step": f"step IN ({STEPS})",
                "axis": f"axis IN ({AXES})",
                "person": "(axis = 'person') = (person_id IS NOT NULL)",
                "grave": "axis = 'person' OR NOT grave",
                "reason": "step IN ('proposed','confirmed') OR reason IS NOT NULL",
            },
        ),
        *_keys(
            "call_back_step", {"case_id": "call_back_case", "person_id": "person", "account_id": "account"}
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("call_back_step_pkey")),
        sa.UniqueConstraint("case_id", "number", name=op.f("call_back_step_case_id_number_key")),
    )
    op.create_index(op.f("call_back_step_person_id_idx"), "call_back_step", ["person_id"])


def _bulletin() -> None:
    op.create_table(
        "call_back_bulletin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        *_checks(
            "call_back_bulletin",
            {"reason": "(number = 1) = (reason IS NULL)", "monday": "extract(isodow FROM week) = 1"},
        ),
        *_keys("call_back_bulletin", {"unit_id": "unit"}),
        sa.PrimaryKeyConstraint("id", name=op.f("call_back_bulletin_pkey")),
        sa.UniqueConstraint(
            "unit_id", "week", "number", name=op.f("call_back_bulletin_unit_id_week_number_key")
        ),
    )
    op.create_index("call_back_bulletin_week_idx", "call_back_bulletin", ["week"])


def _closing() -> None:
    op.create_table(
        "call_back_closing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("axis", sa.String()),
        sa.Column("texts", JSONB(), nullable=False),
        sa.Column("recipients", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        *_checks("call_back_closing", {"axis": f"axis IN ({AXES})"}),
        *_keys("call_back_closing", {"wave_id": "wave"}),
        sa.PrimaryKeyConstraint("id", name=op.f("call_back_closing_pkey")),
        sa.UniqueConstraint(
            "wave_id", "axis", name=op.f("call_back_closing_wave_id_axis_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


def _checks(table: str, conditions: Mapping[str, str]) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(condition, name=op.f(f"{table}_{name}_check"))
        for name, condition in conditions.items()
    ]


def _keys(table: str, points: Mapping[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"{table}_{name}_fkey"))
        for name, other in points.items()
    ]
