"""Draws from frames too large for a request: their previews, and since when one is being made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("wave", sa.Column("drawing_since", MOMENT))
    op.create_table(
        "draw_preview",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("choices", sa.String(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT),
        sa.Column("summary", JSONB(none_as_null=True)),
        sa.Column("problems", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("draw_preview_wave_id_fkey")),
        sa.PrimaryKeyConstraint("wave_id", "choices", name=op.f("draw_preview_pkey")),
    )
