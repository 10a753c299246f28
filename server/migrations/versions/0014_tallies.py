"""Counts of a wave by outlet and state, kept beside the rows they count."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


# Each table's rows as counts: one line (wave, subject, counted, detail) for each count that a row is in.
# `{rows}` is the table itself, or the rows that a statement changed.
TASK = """
    SELECT task.wave_id, task.subject_id, state.counted, '' AS detail
    FROM {{rows}} AS task CROSS JOIN LATERAL (VALUES
        ('{name}', true),
        ('{name}_started', task.started_at IS NOT NULL),
        ('{name}_completed', task.completed_at IS NOT NULL)
    ) AS state (counted, holds)
    WHERE state.holds {standing}"""
COUNTED = {
    "submission": """
    SELECT wave_id, subject_id, 'submission' AS counted, COALESCE(CAST(firm_id AS text), '') AS detail
    FROM {rows}""",
    "score_sheet": """
    SELECT wave_id, subject_id, 'score' AS counted, COALESCE(raw, '') AS detail FROM {rows}""",
    "invitation": TASK.format(name="invitation", standing=""),
    "assignment": TASK.format(name="assignment", standing="AND task.cancelled_at IS NULL"),
    "message": """
    SELECT sent.wave_id, COALESCE(invited.subject_id, assigned.subject_id) AS subject_id,
        CASE WHEN invited.id IS NULL THEN 'assignment_message' ELSE 'invitation_message' END AS counted,
        sent.state AS detail
    FROM {rows} AS sent
    LEFT JOIN invitation AS invited ON invited.id = sent.invitation_id
    LEFT JOIN assignment AS assigned ON assigned.id = sent.assignment_id
    WHERE sent.wave_id IS NOT NULL AND num_nonnulls(invited.id, assigned.id) > 0""",
}
KEY = "wave_id, subject_id, counted, detail"
FULL = "SELECT {key}, count(*) AS n FROM ({counts}) AS each GROUP BY {key}"

# A statement writes one change for each count, however many rows it touches.
FUNCTION = """
CREATE FUNCTION tally_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
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
            SELECT {key}, 1 AS n FROM ({new}) AS after UNION ALL SELECT {key}, -1 FROM ({old}) AS before
        ) AS each GROUP BY {key} HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END
$$"""
TRIGGERS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
}


def upgrade() -> None:
    _trail()
    _tables()
    for table, counts in COUNTED.items():
        _trigger(table, counts)
    full = " UNION ALL ".join(
        FULL.format(key=KEY, counts=counts.format(rows=table)) for table, counts in COUNTED.items()
    )
    op.execute(sa.text(f"CREATE VIEW wave_count AS {full}"))
    # The list of a wave's submissions, newest first, from the index alone up to the page that is shown.
    op.create_index(
        "submission_wave_received_idx",
        "submission",
        ["wave_id", "received_at", "id"],
        postgresql_include=["subject_id", "firm_id"],
    )


def _tables() -> None:
    op.create_table(
        "wave_tally",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("counted", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("wave_tally_wave_id_fkey")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("wave_tally_subject_id_fkey")),
        sa.PrimaryKeyConstraint("wave_id", "counted", "subject_id", "detail", name=op.f("wave_tally_pkey")),
    )
    op.create_table(
        "tally_change",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("counted", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("tally_change_pkey")),
    )
    op.create_index("tally_change_wave_idx", "tally_change", ["wave_id", "counted"])


def _trigger(table: str, counts: str) -> None:
    new, old = counts.format(rows="new_rows"), counts.format(rows="old_rows")
    function = FUNCTION.format(table=table, key=KEY, new=new, old=old)
    op.execute(sa.text(function))
    for event, rows in TRIGGERS.items():
        op.execute(
            sa.text(
                f"CREATE TRIGGER {table}_tally_{event} AFTER {event} ON {table} {rows}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION tally_{table}()"
            )
        )


def _trail() -> None:
    """The audit trail and the search: indexes that submissions, the bulk of the lines, do not enter."""
    desk = sa.text("action NOT IN ('submission_stored', 'task_started')")
    op.create_index("audit_line_desk_idx", "audit_line", ["id"], postgresql_where=desk)
    op.create_index("audit_line_desk_subject_idx", "audit_line", ["subject", "id"], postgresql_where=desk)
    op.create_index("audit_line_desk_actor_idx", "audit_line", ["actor", "id"], postgresql_where=desk)
    op.create_index(
        "submission_external_id_idx",
        "submission",
        ["external_id"],
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
