"""Counts of waves: folding their changes, and making sure that nothing was missed (docs/decisions/0014)."""

from sqlalchemy import Connection, text

from server import locks

BATCH = 5_000

# In one order: two workers that fold the same counts wait for each other and never both. What another
# worker is at is left to it; a count may go below nothing for as long as its first part waits.
FOLD = text("""
WITH taken AS (
    SELECT id FROM tally_change ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM tally_change WHERE id IN (TABLE taken)
    RETURNING wave_id, counted, subject_id, detail, n
), folded AS (
    INSERT INTO wave_tally AS kept (wave_id, counted, subject_id, detail, n)
    SELECT wave_id, counted, subject_id, detail, sum(n) FROM gone
    GROUP BY wave_id, counted, subject_id, detail HAVING sum(n) <> 0
    ORDER BY wave_id, counted, subject_id, detail
    ON CONFLICT (wave_id, counted, subject_id, detail) DO UPDATE SET n = kept.n + excluded.n
)
SELECT count(*) FROM gone
""")

# One statement sees one moment, so whatever is written meanwhile is in neither side of the difference.
MISSING = text("""
WITH missing AS (
    INSERT INTO tally_change (wave_id, subject_id, counted, detail, n)
    SELECT wave_id, subject_id, counted, detail, sum(n) FROM (
        SELECT wave_id, subject_id, counted, detail, n FROM wave_count
        UNION ALL SELECT wave_id, subject_id, counted, detail, -n FROM wave_tally
        UNION ALL SELECT wave_id, subject_id, counted, detail, -n FROM tally_change
    ) AS each GROUP BY wave_id, subject_id, counted, detail HAVING sum(n) <> 0
    RETURNING 1
)
SELECT count(*) FROM missing
""")


def fold_batch(connection: Connection, batch: int = BATCH) -> int:
    """Add up to `batch` changes to the counts they belong to; returns how many were taken."""
    return int(connection.scalar(FOLD, {"batch": batch}) or 0)


def count_again(connection: Connection) -> int:
    """Count everything and write what the counts lack; returns how many were wrong.

    For rows that came past the triggers: loaded with them switched off, or restored in part. One at a time:
    two that see the same difference would both write it.
    """
    locks.wait_for(connection, locks.TALLY_LOCK)
    return int(connection.scalar(MISSING) or 0)
