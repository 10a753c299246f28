"""What is found out about photos and videos, what is kept of them and how long, and what was covered."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT, JSONB

revision = "0025"
down_revision = "0024"

MOMENT = sa.DateTime(timezone=True)
FOUND_OUT: dict[str, Any] = {
    "taken": sa.String(),
    "taken_at": sa.DateTime(),
    "difference_hash": BIT(64),
    "middle_hash": BIT(64),
    "detail": sa.BigInteger(),
    "duration_ms": sa.BigInteger(),
}
KEPT: dict[str, Any] = {
    "upload": sa.String(),
    "quarantined_at": MOMENT,
    "original_removed_at": MOMENT,
}
# What is swept is looked for by what it is, among a million photos that are not.
INDICES = (
    ("attachment_unnamed_idx", "created_at", "NOT named"),
    ("attachment_original_idx", "verified_at", "state = 'verified' AND original_removed_at IS NULL"),
    ("attachment_quarantine_idx", "quarantined_at", "quarantined_at IS NOT NULL"),
    ("attachment_upload_idx", "created_at", "upload IS NOT NULL"),
)
GUARD = """
CREATE FUNCTION redaction_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was covered in a photo stays on record: uncover it by another row';
END
$$;
CREATE TRIGGER redaction_insert_only BEFORE UPDATE OR DELETE ON redaction
    FOR EACH ROW EXECUTE FUNCTION redaction_refuse();
CREATE TRIGGER redaction_no_truncate BEFORE TRUNCATE ON redaction
    FOR EACH STATEMENT EXECUTE FUNCTION redaction_refuse();
"""


def upgrade() -> None:
    for name, kind in (FOUND_OUT | KEPT).items():
        op.add_column("attachment", sa.Column(name, kind))
    for name, column, condition in INDICES:
        op.create_index(name, "attachment", [column], postgresql_where=sa.text(condition))
    op.create_table(
        "redaction",
        sa.Column("attachment_pk", sa.Uuid(), nullable=False),
        sa.Column("boxes", JSONB(), nullable=False),
        sa.Column("redacted_by", sa.String(), nullable=False),
        sa.Column("redacted_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_pk"], ["attachment.id"], name=op.f("redaction_attachment_pk_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("redaction_pkey")),
    )
    op.create_index("redaction_attachment_idx", "redaction", ["attachment_pk", "redacted_at"])
    op.execute(GUARD)
