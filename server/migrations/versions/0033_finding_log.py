"""Findings that somebody wrote down without a form."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

MOMENT = sa.DateTime(timezone=True)
TABLE = "logged_finding"


def upgrade() -> None:
    keys = (("programme_id", "programme.id"), ("subject_id", "subject.id"), ("wave_id", "wave.id"))
    op.create_table(
        TABLE,
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("points", sa.Numeric(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"{TABLE}_{column}_fkey"))
            for column, target in keys
        ),
        sa.CheckConstraint(
            "state IN ('pending','confirmed','rejected')", name=op.f("logged_finding_state_check")
        ),
        sa.CheckConstraint("points >= 0 AND amount >= 0", name=op.f("logged_finding_amounts_check")),
        sa.CheckConstraint(
            "(state = 'pending') = (num_nonnulls(decided_by, decided_at) = 0)",
            name=op.f("logged_finding_decided_check"),
        ),
        sa.CheckConstraint(
            "state <> 'rejected' OR reason IS NOT NULL", name=op.f("logged_finding_reason_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("logged_finding_pkey")),
    )
    op.create_index("logged_finding_programme_idx", TABLE, ["programme_id", "day"])
    op.create_index("logged_finding_subject_idx", TABLE, ["subject_id", "day"])
