"""What is doubted about visits, what people decided about it, and how photos are found again."""

from itertools import combinations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"

MOMENT = sa.DateTime(timezone=True)
# A part is every seventh bit: neighbouring bits of a picture's hash say much the same, and parts made of
# neighbours would be shared by half of all pictures.
PARTS = 7


def _part(number: int) -> str:
    return " | ".join(
        f"(get_bit(hash, {bit}) << {place})" for place, bit in enumerate(range(number, 64, PARTS))
    )


def _pair(number: int, one: int, other: int) -> str:
    # Its own number in front: different pairs are never equal.
    return f"({number} << 20) | (part[{one + 1}] << 10) | part[{other + 1}]"


PAIRS = [_pair(number, *two) for number, two in enumerate(combinations(range(PARTS), 2))]
# Not in plain SQL, which would work the parts out again for each pair: 17 ms a picture, and not 11 µs.
PHOTO_PAIRS = """
CREATE FUNCTION photo_pairs(hash bit(64)) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE part integer[] := ARRAY[:parts];
BEGIN
    RETURN ARRAY[:pairs];
END
$$
"""


def upgrade() -> None:
    parts = ", ".join(map(_part, range(PARTS)))
    op.execute(PHOTO_PAIRS.replace(":pairs", ", ".join(PAIRS)).replace(":parts", parts))
    op.execute("CREATE INDEX attachment_sha256_idx ON attachment USING hash (sha256)")
    op.execute(
        "CREATE INDEX attachment_alike_idx ON attachment USING gin (photo_pairs(difference_hash))"
        " WHERE detail >= 10"
    )
    op.create_table(
        "visit_confidence",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("confidence", sa.Numeric(), nullable=False),
        sa.Column("review", sa.BigInteger(), nullable=False),
        sa.Column("doubts", sa.BigInteger(), nullable=False),
        sa.Column("open_doubts", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("weighed_at", MOMENT, nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 100", name=op.f("visit_confidence_confidence_check")),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f("visit_confidence_submission_pk_fkey")
        ),
        sa.PrimaryKeyConstraint("submission_pk", name=op.f("visit_confidence_pkey")),
    )
    op.create_index(
        "visit_confidence_open_idx",
        "visit_confidence",
        ["confidence", "submission_pk"],
        postgresql_where=sa.text("open_doubts > 0"),
    )
    op.create_index(
        "visit_confidence_decided_idx",
        "visit_confidence",
        ["confidence", "submission_pk"],
        postgresql_where=sa.text("open_doubts = 0 AND doubts > 0"),
    )
    op.create_table(
        "visit_doubt",
        sa.Column("submission_pk", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("weight", sa.Numeric(), nullable=False),
        sa.Column("params", JSONB(), nullable=False),
        sa.Column("about", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", MOMENT),
        sa.Column("note", sa.String()),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('open','dismissed','upheld')", name=op.f("visit_doubt_state_check")),
        sa.CheckConstraint(
            "num_nonnulls(decided_by, decided_at, note) = CASE WHEN state = 'open' THEN 0 ELSE 3 END",
            name=op.f("visit_doubt_decided_check"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_pk"], ["submission.id"], name=op.f("visit_doubt_submission_pk_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("visit_doubt_pkey")),
        sa.UniqueConstraint(
            "submission_pk", "code", "about", name=op.f("visit_doubt_submission_pk_code_about_key")
        ),
    )
