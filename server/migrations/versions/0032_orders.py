"""Orders to put things right: papers, their items, and the steps of each."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"

MOMENT = sa.DateTime(timezone=True)
GUARDED = """
CREATE TRIGGER order_step_insert_only BEFORE UPDATE OR DELETE ON order_step
    FOR EACH ROW EXECUTE FUNCTION history_refuse();
CREATE TRIGGER order_step_no_truncate BEFORE TRUNCATE ON order_step
    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse();
"""


def upgrade() -> None:
    _orders()
    _items()
    _steps()
    _templates()
    op.execute(sa.text(GUARDED))


def _keys(table: str, keys: Iterable[tuple[str, str]]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"{table}_{column}_fkey"))
        for column, target in keys
    ]


def _orders() -> None:
    table = "rectification_order"
    op.create_table(
        table,
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("signed_name", sa.String(), nullable=True),
        sa.Column("signed_hash", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys(table, [("subject_id", "subject.id")]),
        sa.CheckConstraint(
            "num_nonnulls(signed_at, signed_by, signed_name, signed_hash) IN (0, 4)",
            name=op.f("rectification_order_signed_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("rectification_order_pkey")),
        sa.UniqueConstraint("year", "number", name=op.f("rectification_order_year_number_key")),
    )
    op.create_index(
        "rectification_order_open_key",
        table,
        ["subject_id", "week"],
        unique=True,
        postgresql_where=sa.text("signed_at IS NULL"),
    )


def _items() -> None:
    table = "order_item"
    keys = [
        ("order_id", "rectification_order.id"),
        ("programme_id", "programme.id"),
        ("wave_id", "wave.id"),
        ("submission_pk", "submission.id"),
    ]
    op.create_table(
        table,
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=True),
        sa.Column("year", sa.BigInteger(), nullable=True),
        sa.Column("demand", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("submission_pk", sa.Uuid(), nullable=True),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("about", JSONB(), nullable=False),
        sa.Column("said", sa.String(), nullable=True),
        sa.Column("key_item", sa.Boolean(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("fixed_by", sa.String(), nullable=True),
        sa.Column("fixed_at", MOMENT, nullable=True),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys(table, keys),
        sa.CheckConstraint(
            "state IN ('open','fixed','closed','withdrawn')", name=op.f("order_item_state_check")
        ),
        sa.CheckConstraint(
            "kind IN ('order_rectification','order_improvement','order_training')",
            name=op.f("order_item_kind_check"),
        ),
        sa.CheckConstraint("num_nonnulls(year, demand) IN (0, 2)", name=op.f("order_item_demand_check")),
        sa.CheckConstraint("num_nonnulls(fixed_by, fixed_at) IN (0, 2)", name=op.f("order_item_fixed_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("order_item_pkey")),
        sa.UniqueConstraint("order_id", "place", name=op.f("order_item_order_id_place_key")),
    )
    op.create_index("order_item_demand_key", table, ["programme_id", "year", "demand"], unique=True)
    op.create_index("order_item_due_idx", table, ["due_at"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f("order_item_submission_pk_idx"), table, ["submission_pk"])


def _steps() -> None:
    table = "order_step"
    op.create_table(
        table,
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("way", sa.String(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_keys(table, [("item_id", "order_item.id")]),
        sa.CheckConstraint(
            "act IN ('issue','fix','close','return','extend','withdraw','reopen')",
            name=op.f("order_step_act_check"),
        ),
        sa.CheckConstraint("way IN ('site','desk','spot')", name=op.f("order_step_way_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("order_step_pkey")),
        sa.UniqueConstraint("item_id", "number", name=op.f("order_step_item_id_number_key")),
    )


def _templates() -> None:
    op.create_table(
        "paper_template",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("paper_template_pkey")),
    )
    op.create_index("paper_template_newest_idx", "paper_template", ["kind", "uploaded_at"])
