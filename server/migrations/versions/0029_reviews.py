"""Reviews of reports with their steps, remarks of reviewers, and sheets that were set aside."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"

MOMENT = sa.DateTime(timezone=True)
GUARD = """
CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what people decided is never changed: a later decision stands beside it';
END
$$;
CREATE TRIGGER review_step_insert_only BEFORE UPDATE OR DELETE ON review_step
    FOR EACH ROW EXECUTE FUNCTION history_refuse();
CREATE TRIGGER review_step_no_truncate BEFORE TRUNCATE ON review_step
    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse();
"""

# The counts of 0027 once more, but for one thing: a sheet that was set aside is no score.
TASK = """
    SELECT task.wave_id, task.subject_id, state.counted, '' AS detail
    FROM {name} AS task CROSS JOIN LATERAL (VALUES
        ('{name}', true),
        ('{name}_started', task.started_at IS NOT NULL),
        ('{name}_completed', task.completed_at IS NOT NULL)
    ) AS state (counted, holds)
    WHERE state.holds {standing}"""
SCORE = """
    SELECT wave_id, subject_id, 'score' AS counted, COALESCE(raw, '') AS detail FROM {rows}
    WHERE NOT superseded AND NOT set_aside"""
COUNTED = (
    """
    SELECT wave_id, subject_id, 'submission' AS counted, COALESCE(CAST(firm_id AS text), '') AS detail
    FROM submission""",
    SCORE.format(rows="score_sheet"),
    TASK.format(name="invitation", standing=""),
    TASK.format(name="assignment", standing="AND task.cancelled_at IS NULL"),
    """
    SELECT sent.wave_id, COALESCE(invited.subject_id, assigned.subject_id) AS subject_id,
        CASE WHEN invited.id IS NULL THEN 'assignment_message' ELSE 'invitation_message' END AS counted,
        sent.state AS detail
    FROM message AS sent
    LEFT JOIN invitation AS invited ON invited.id = sent.invitation_id
    LEFT JOIN assignment AS assigned ON assigned.id = sent.assignment_id
    WHERE sent.wave_id IS NOT NULL AND num_nonnulls(invited.id, assigned.id) > 0""",
)
KEY = "wave_id, subject_id, counted, detail"
FULL = "SELECT {key}, count(*) AS n FROM ({counts}) AS each GROUP BY {key}"
COUNT_SCORES = """
CREATE OR REPLACE FUNCTION tally_score_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally_change ({key}, n)
        SELECT {key}, count(*) FROM ({new}) AS each GROUP BY {key};
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO tally_change ({key}, n)
        SELECT {key}, -count(*) FROM ({old}) AS each GROUP BY {key};
    ELSE
        INSERT INTO tally_change ({key}, n)
        SELECT {key}, sum(n) FROM (
            SELECT {key}, 1 AS n FROM ({new}) AS after
            UNION ALL SELECT {key}, -1 FROM ({old}) AS before
        ) AS each GROUP BY {key} HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END
$$"""


def upgrade() -> None:
    op.add_column(
        "score_sheet", sa.Column("set_aside", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    new, old = SCORE.format(rows="new_rows"), SCORE.format(rows="old_rows")
    op.execute(sa.text(COUNT_SCORES.format(key=KEY, new=new, old=old)))
    counts = (FULL.format(key=KEY, counts=each) for each in COUNTED)
    op.execute(sa.text(f"CREATE OR REPLACE VIEW wave_count AS {' UNION ALL '.join(counts)}"))
    _reviews()
    _steps()
    _remarks()
    op.execute(sa.text(GUARD))


def _reviews() -> None:
    op.create_table(
        "review",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("risk", sa.BigInteger(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("second_look", sa.Boolean(), nullable=False),
        sa.Column("proposed", sa.String()),
        sa.Column("proposed_by", sa.Uuid()),
        sa.Column("claimed_by", sa.Uuid()),
        sa.Column("claimed_until", MOMENT),
        sa.Column("alone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.CheckConstraint(
            "state IN ('waiting','second','held','approved','excluded','rejected')",
            name=op.f("review_state_check"),
        ),
        sa.CheckConstraint("risk BETWEEN 0 AND 100", name=op.f("review_risk_check")),
        sa.CheckConstraint(
            "num_nonnulls(proposed, proposed_by) IN (0, 2)", name=op.f("review_proposed_check")
        ),
        sa.CheckConstraint("(state = 'second') = (proposed IS NOT NULL)", name=op.f("review_second_check")),
        sa.CheckConstraint(
            "num_nonnulls(claimed_by, claimed_until) IN (0, 2)", name=op.f("review_claimed_check")
        ),
        sa.CheckConstraint(
            "(decided_at IS NOT NULL) = (state IN ('approved','excluded','rejected'))",
            name=op.f("review_decided_check"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"review_{column}_fkey"))
            for column, target in (
                ("submission_pk", "submission.id"),
                ("wave_id", "wave.id"),
                ("revision_id", "submission_revision.id"),
                ("proposed_by", "account.id"),
                ("claimed_by", "account.id"),
            )
        ),
        sa.PrimaryKeyConstraint("submission_pk", name=op.f("review_pkey")),
    )
    op.create_index(
        "review_queue_idx",
        "review",
        [sa.text("risk DESC"), "opened_at", "submission_pk"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("review_wave_idx", "review", ["wave_id", "state"])
    op.create_index(
        "review_decided_idx",
        "review",
        ["decided_at", "submission_pk"],
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )


def _steps() -> None:
    op.create_table(
        "review_step",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Numeric()),
        sa.Column("note", sa.String()),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("alone", sa.String()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "act IN ('approve','exclude','reject','hold','release','correct','reopen')",
            name=op.f("review_step_act_check"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"review_step_{column}_fkey"))
            for column, target in (
                ("submission_pk", "submission.id"),
                ("account_id", "account.id"),
                ("revision_id", "submission_revision.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("review_step_pkey")),
        sa.UniqueConstraint("submission_pk", "number", name=op.f("review_step_submission_pk_number_key")),
    )
    op.create_index("review_step_account_idx", "review_step", ["account_id", "at"])


def _remarks() -> None:
    op.create_table(
        "review_remark",
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("item_code", sa.String()),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("review_remark_pkey")),
    )
    op.create_index(
        "review_remark_sentence_key",
        "review_remark",
        ["sentence", "item_code"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
