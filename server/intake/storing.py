"""The one statement that stores a batch: submissions, revisions, texts, sheets, what follows, audit lines.

One round trip instead of one a table: on this path the statements cost more than the work they ask for.
Whatever loses the race for a submission id stores nothing.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from server import audit

# Rows with an id that is known already are left out of `created`, and so of everything below it. In one
# order everywhere: two batches with the same ids in different orders would wait for each other. Of two rows
# with one id in a batch the earlier is stored. Tasks are found by their wave too: a firm chooses its
# submission ids itself, and must not finish anybody's task with one. Not by a join but by ANY (ARRAY(…)):
# the planner takes the JSON for a hundred rows and would read all of `invitation` for each submission.
STORE = text("""
WITH sent AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS each (
        turn integer, id uuid, revision_id uuid, wave_id uuid, submission_id uuid, form_version_id uuid,
        subject_id uuid, door text, firm_id uuid, external_id text, content_hash text,
        client_time timestamptz, answers jsonb, texts jsonb,
        sheet jsonb, raw text, published numeric, grade text
    )
), created AS (
    INSERT INTO submission (
        id, wave_id, submission_id, form_version_id, subject_id,
        door, firm_id, external_id, content_hash, client_time, received_at
    )
    SELECT
        id, wave_id, submission_id, form_version_id, subject_id,
        door, firm_id, external_id, content_hash, client_time, CAST(:now AS timestamptz)
    FROM sent ORDER BY wave_id, submission_id, turn
    ON CONFLICT (wave_id, submission_id) DO NOTHING
    RETURNING id
), revised AS (
    INSERT INTO submission_revision (id, submission_pk, number, answers, created_at)
    SELECT revision_id, id, 1, answers, CAST(:now AS timestamptz) FROM sent JOIN created USING (id)
), texted AS (
    INSERT INTO submission_text (revision_id, question, text)
    SELECT revision_id, own.key, own.value
    FROM sent JOIN created USING (id), jsonb_each_text(texts) AS own
), scored AS (
    INSERT INTO score_sheet (revision_id, wave_id, subject_id, raw, published, grade, sheet)
    SELECT revision_id, wave_id, subject_id, raw, published, grade, sheet
    FROM sent JOIN created USING (id) WHERE sheet IS NOT NULL
), followed AS (
    INSERT INTO pending (submission_pk, created_at) SELECT id, CAST(:now AS timestamptz) FROM created
), invited AS (
    UPDATE invitation AS task SET completed_at = CAST(:now AS timestamptz)
    WHERE task.submission_id = ANY (ARRAY(SELECT submission_id FROM sent JOIN created USING (id)))
        AND EXISTS (SELECT FROM sent WHERE (wave_id, submission_id) = (task.wave_id, task.submission_id))
        AND task.completed_at IS NULL
    RETURNING task.submission_id
), assigned AS (
    UPDATE assignment AS task SET completed_at = CAST(:now AS timestamptz)
    WHERE task.submission_id = ANY (ARRAY(SELECT submission_id FROM sent JOIN created USING (id)))
        AND EXISTS (SELECT FROM sent WHERE (wave_id, submission_id) = (task.wave_id, task.submission_id))
        AND task.completed_at IS NULL
    RETURNING task.submission_id
), drafted AS (
    DELETE FROM draft WHERE submission_id IN (TABLE invited UNION ALL TABLE assigned)
), witnessed AS (
    INSERT INTO audit_line (at, actor, action, subject, detail, request_id)
    SELECT
        CAST(:now AS timestamptz), :actor, 'submission_stored', 'submission:' || id,
        jsonb_build_object('content_hash', content_hash, 'wave', wave_id), :request_id
    FROM sent JOIN created USING (id) ORDER BY turn
)
SELECT id FROM created
""")


def store(connection: Connection, rows: Sequence[dict[str, Any]], *, actor: str, now: datetime) -> set[UUID]:
    """Returns the inner ids of the rows that were stored; the others met a submission with their id.

    Args:
        rows: JSON, one object a submission, with the columns of `sent`.
    """
    numbered = [{"turn": turn, **row} for turn, row in enumerate(rows)]
    sent = json.dumps(numbered, ensure_ascii=False)
    given = {"rows": sent, "actor": actor, "request_id": audit.request_id.get(), "now": now}
    return set(connection.scalars(STORE, given))
