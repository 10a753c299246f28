"""Counts of the rows that were there before the triggers that count.

By itself, since its transaction takes seconds at a million rows and locks none of them: what is written
meanwhile counts itself. Failed or run again it adds what is missing, which may be nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# One statement sees one moment: what is counted in it and what is not.
MISSING = """
INSERT INTO tally_change (wave_id, subject_id, counted, detail, n)
SELECT wave_id, subject_id, counted, detail, sum(n) FROM (
    SELECT wave_id, subject_id, counted, detail, n FROM wave_count
    UNION ALL SELECT wave_id, subject_id, counted, detail, -n FROM wave_tally
    UNION ALL SELECT wave_id, subject_id, counted, detail, -n FROM tally_change
) AS each GROUP BY wave_id, subject_id, counted, detail HAVING sum(n) <> 0
"""


def upgrade() -> None:
    op.execute(sa.text(MISSING))
