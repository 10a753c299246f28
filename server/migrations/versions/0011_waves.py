"""Rolling waves, approvals, the periods a wave belongs to, and visits from plan to replacement."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)
STATES = "state IN ('planned','drawn','launched','paused','closed','cancelled')"
INSTRUMENTS = "instrument IN ('survey','visit','video','self_check','panel','ballot','log')"
OUTCOMES = "outcome IN ('selected','reserve','excluded','released')"
RELEASED = "(outcome = 'released') = (released_at IS NOT NULL AND release_cause IS NOT NULL)"


def upgrade() -> None:
    _waves()
    _wave_periods()
    _wave_approvals()
    _frame()
    _invitations()
    _assignments()


def _waves() -> None:
    for name, condition in (("state", STATES), ("instrument", INSTRUMENTS)):
        op.drop_constraint(op.f(f"wave_{name}_check"), "wave")
        op.create_check_constraint(op.f(f"wave_{name}_check"), "wave", condition)
    op.create_index("wave_state_opens_idx", "wave", ["state", "opens_at"])


def _wave_periods() -> None:
    op.create_table(
        "wave_period",
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("wave_period_wave_id_fkey")),
        sa.PrimaryKeyConstraint("wave_id", "kind", "period", name=op.f("wave_period_pkey")),
    )


def _wave_approvals() -> None:
    op.create_table(
        "wave_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("plan_hash", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("wave_approval_wave_id_fkey")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("wave_approval_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("wave_approval_pkey")),
        sa.UniqueConstraint(
            "wave_id", "account_id", "plan_hash", name=op.f("wave_approval_wave_id_account_id_plan_hash_key")
        ),
    )


def _frame() -> None:
    op.add_column("frame_member", sa.Column("event_id", sa.Uuid(), nullable=True))
    for name in ("list_order", "reason", "inclusion", "release_cause", "stands_for"):
        op.add_column("frame_member", sa.Column(name, sa.String(), nullable=True))
    op.add_column("frame_member", sa.Column("released_at", MOMENT, nullable=True))
    op.drop_constraint(op.f("frame_member_outcome_check"), "frame_member")
    op.create_check_constraint(op.f("frame_member_outcome_check"), "frame_member", OUTCOMES)
    op.create_check_constraint(op.f("frame_member_released_check"), "frame_member", RELEASED)


def _invitations() -> None:
    op.add_column("invitation", sa.Column("event_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("invitation_wave_id_contact_id_key"), "invitation")
    op.create_unique_constraint(
        op.f("invitation_wave_id_contact_id_event_id_key"),
        "invitation",
        ["wave_id", "contact_id", "event_id"],
        postgresql_nulls_not_distinct=True,
    )


def _assignments() -> None:
    for column in (
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("inclusion", sa.String(), nullable=True),
        sa.Column("extended_from", MOMENT, nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
    ):
        op.add_column("assignment", column)
    op.alter_column("assignment", "person_id", nullable=True)
    for name, table in (("firm_id", "firm"), ("replaces_id", "assignment")):
        op.create_foreign_key(op.f(f"assignment_{name}_fkey"), "assignment", table, [name], ["id"])
    op.create_unique_constraint(op.f("assignment_replaces_id_key"), "assignment", ["replaces_id"])
    for name, condition in (
        ("somebody", "num_nonnulls(person_id, firm_id) > 0"),
        ("slot", "slot IN ('peak','off_peak')"),
        ("cancelled", "(cancelled_at IS NULL) = (cancel_reason IS NULL)"),
    ):
        op.create_check_constraint(op.f(f"assignment_{name}_check"), "assignment", condition)
    op.create_index("assignment_person_idx", "assignment", ["person_id", "expires_at"])
    op.create_index("assignment_firm_idx", "assignment", ["firm_id", "wave_id"])
