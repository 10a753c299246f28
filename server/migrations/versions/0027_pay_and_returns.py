"""Pay, answers to returns with their revisions, recordings, the manager's signature, fines on the spot."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"

MOMENT = sa.DateTime(timezone=True)
YUAN = sa.Numeric(12, 2)
GUARD = """
CREATE FUNCTION pay_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'pay is never changed: a line is reversed by another one';
END
$$;
"""
GUARDED = """
CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION pay_refuse();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION pay_refuse();
"""
PAID = ("pay_line", "pay_decision", "pay_statement", "pay_statement_line")

# The counts of 0014 once more, but for one thing: of a submission's sheets only the newest is a score.
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
    WHERE NOT superseded"""
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
    _revisions()
    _pay_lines()
    _statements()
    op.execute(sa.text(GUARD + "".join(GUARDED.format(table=table) for table in PAID)))
    _recordings()
    _signatures()
    _fines()


def _revisions() -> None:
    op.add_column("submission_revision", sa.Column("author", sa.String()))
    op.add_column("submission_revision", sa.Column("content_hash", sa.String()))
    op.add_column("finding", sa.Column("withdrawn_at", MOMENT))
    op.add_column(
        "score_sheet", sa.Column("superseded", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    new, old = SCORE.format(rows="new_rows"), SCORE.format(rows="old_rows")
    op.execute(sa.text(COUNT_SCORES.format(key=KEY, new=new, old=old)))
    counts = (FULL.format(key=KEY, counts=each) for each in COUNTED)
    op.execute(sa.text(f"CREATE OR REPLACE VIEW wave_count AS {' UNION ALL '.join(counts)}"))
    op.create_table(
        "return_answer",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["return_id"], ["visit_return.id"], name=op.f("return_answer_return_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["submission_revision.id"], name=op.f("return_answer_revision_id_fkey")
        ),
        sa.PrimaryKeyConstraint("return_id", name=op.f("return_answer_pkey")),
    )
    op.create_index(op.f("return_answer_revision_id_idx"), "return_answer", ["revision_id"])


def _pay_lines() -> None:
    op.create_table(
        "pay_line",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", YUAN, nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("receipt_id", sa.Uuid()),
        sa.Column("reverses_id", sa.Uuid()),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('fee','attempt','expense','bonus','deduction','reversal')",
            name=op.f("pay_line_kind_check"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'deduction' THEN amount < 0 WHEN 'reversal' THEN amount <> 0 ELSE amount > 0 END",
            name=op.f("pay_line_amount_check"),
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("pay_line_reverses_check")
        ),
        sa.CheckConstraint(
            "kind NOT IN ('fee','attempt','expense') OR assignment_id IS NOT NULL",
            name=op.f("pay_line_visit_check"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("pay_line_person_id_fkey")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("pay_line_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["receipt_id"], ["attachment.id"], name=op.f("pay_line_receipt_id_fkey")),
        sa.ForeignKeyConstraint(["reverses_id"], ["pay_line.id"], name=op.f("pay_line_reverses_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pay_line_pkey")),
    )
    op.create_index(
        "pay_line_visit_key",
        "pay_line",
        ["assignment_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind IN ('fee','attempt')"),
    )
    op.create_index("pay_line_assignment_idx", "pay_line", ["assignment_id"])
    op.create_index("pay_line_person_idx", "pay_line", ["person_id", "proposed_at"])
    op.create_index(op.f("pay_line_reverses_id_idx"), "pay_line", ["reverses_id"])
    op.create_table(
        "pay_decision",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("reverses_id", sa.Uuid()),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.CheckConstraint("approved OR reason IS NOT NULL", name=op.f("pay_decision_reason_check")),
        sa.ForeignKeyConstraint(["line_id"], ["pay_line.id"], name=op.f("pay_decision_line_id_fkey")),
        sa.ForeignKeyConstraint(["reverses_id"], ["pay_line.id"], name=op.f("pay_decision_reverses_id_fkey")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pay_decision_pkey")),
        sa.UniqueConstraint("reverses_id", name=op.f("pay_decision_reverses_id_key")),
    )


def _statements() -> None:
    op.create_table(
        "pay_statement",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("total", YUAN, nullable=False),
        sa.Column("sums", JSONB(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("pay_statement_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pay_statement_pkey")),
        sa.UniqueConstraint("person_id", "month", name=op.f("pay_statement_person_id_month_key")),
        sa.UniqueConstraint("month", "number", name=op.f("pay_statement_month_number_key")),
    )
    op.create_table(
        "pay_statement_line",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["pay_line.id"], name=op.f("pay_statement_line_line_id_fkey")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["pay_statement.id"], name=op.f("pay_statement_line_statement_id_fkey")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pay_statement_line_pkey")),
    )
    op.create_index(op.f("pay_statement_line_statement_id_idx"), "pay_statement_line", ["statement_id"])


def _recordings() -> None:
    table = "recording_request"
    op.create_table(
        table,
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("from_at", "until_at", "due_at")),
        sa.Column("state", sa.String(), server_default="asked", nullable=False),
        sa.Column("kept_where", sa.String()),
        sa.Column("note", sa.String()),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("settled_by", sa.String()),
        sa.Column("settled_at", MOMENT),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked','delivered','refused','missing')", name=op.f(f"{table}_state_check")
        ),
        sa.CheckConstraint("until_at > from_at", name=op.f(f"{table}_window_check")),
        sa.CheckConstraint("(state = 'asked') = (settled_at IS NULL)", name=op.f(f"{table}_settled_check")),
        sa.CheckConstraint(
            "state <> 'delivered' OR kept_where IS NOT NULL", name=op.f(f"{table}_delivered_check")
        ),
        sa.CheckConstraint(
            "state NOT IN ('refused','missing') OR note IS NOT NULL", name=op.f(f"{table}_reason_check")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f(f"{table}_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f(f"{table}_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"{table}_pkey")),
        sa.UniqueConstraint("assignment_id", "post", name=op.f(f"{table}_assignment_id_post_key")),
    )
    op.create_index(f"{table}_open_idx", table, ["due_at"], postgresql_where=sa.text("state = 'asked'"))
    op.create_index(f"{table}_unit_idx", table, ["unit_id", "due_at"])


def _signatures() -> None:
    table = "countersignature"
    op.create_table(
        table,
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("signed_at", MOMENT),
        sa.Column("signed_name", sa.String()),
        sa.Column("drawn", sa.LargeBinary()),
        sa.Column("refused_at", MOMENT),
        sa.Column("refused_reason", sa.String()),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("num_nonnulls(person_id, phone) = 1", name=op.f(f"{table}_somebody_check")),
        sa.CheckConstraint("num_nonnulls(signed_at, refused_at) < 2", name=op.f(f"{table}_once_check")),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (num_nonnulls(signed_name, drawn) = 0)", name=op.f(f"{table}_signed_check")
        ),
        sa.CheckConstraint(
            "(refused_at IS NULL) = (refused_reason IS NULL)", name=op.f(f"{table}_refused_check")
        ),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f(f"{table}_submission_pk_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["submission_revision.id"], name=op.f(f"{table}_revision_id_fkey")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f(f"{table}_unit_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"{table}_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"{table}_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f(f"{table}_token_hash_key")),
    )
    op.create_index(f"{table}_submission_idx", table, ["submission_pk", "asked_at"])


def _fines() -> None:
    table = "spot_fine"
    op.create_table(
        table,
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("amount", YUAN, nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("fined_by", sa.String(), nullable=False),
        sa.Column("fined_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("withdrawn_reason", sa.String()),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f(f"{table}_amount_check")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name=op.f(f"{table}_withdrawn_check")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f(f"{table}_assignment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"{table}_pkey")),
    )
    op.create_index(op.f(f"{table}_assignment_id_idx"), table, ["assignment_id"])
    op.create_index(op.f(f"{table}_submission_id_idx"), table, ["submission_id"])
    op.create_index(
        f"{table}_key",
        table,
        ["assignment_id", "item", "person"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
