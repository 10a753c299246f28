"""Codes, set-up links, deputies and qualifications of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("'[]'::jsonb")


def upgrade() -> None:
    _person()
    op.add_column("person_private", sa.Column("home", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("account_person_id_idx"), "account", ["person_id"])
    _role_deputy()
    _account_set_up()
    _qualification()
    _territory()
    _absence()
    _bar()


def _person() -> None:
    for column in (
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), server_default="staff", nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("languages", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("weekdays", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("per_day", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Numeric(4, 2), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
    ):
        op.add_column("person", column)
    op.create_unique_constraint(op.f("person_code_key"), "person", ["code"])
    for name, condition in (
        ("kind", "kind IN ('staff','shopper','field_worker')"),
        ("firm", "kind <> 'field_worker' OR firm_id IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"person_{name}_check"), "person", condition)
    for name in ("unit_id", "firm_id"):
        op.create_index(op.f(f"person_{name}_idx"), "person", [name])
    op.create_index(
        "person_leaving_idx",
        "person",
        ["left_on"],
        postgresql_where=sa.text("left_at IS NULL AND left_on IS NOT NULL"),
    )


def _role_deputy() -> None:
    op.create_table(
        "role_deputy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("role_deputy_days_check")),
        sa.CheckConstraint("account_id <> deputy_id", name=op.f("role_deputy_another_check")),
        *(
            sa.ForeignKeyConstraint([name], ["account.id"], name=op.f(f"role_deputy_{name}_fkey"))
            for name in ("account_id", "deputy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("role_deputy_pkey")),
    )
    for name in ("account_id", "deputy_id"):
        op.create_index(op.f(f"role_deputy_{name}_idx"), "role_deputy", [name])


def _account_set_up() -> None:
    op.create_table(
        "account_set_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("account_set_up_account_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_set_up_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("account_set_up_token_hash_key")),
    )
    op.create_index(op.f("account_set_up_account_id_idx"), "account_set_up", ["account_id"])


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"{table}_person_id_fkey"))


def _at_unit(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f(f"{table}_unit_id_fkey"))


def _qualification() -> None:
    op.create_table(
        "person_qualification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("score", sa.Numeric(5, 2), nullable=True),
        sa.Column("passed_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        _of_person("person_qualification"),
        sa.PrimaryKeyConstraint("id", name=op.f("person_qualification_pkey")),
        sa.UniqueConstraint("person_id", "name", name=op.f("person_qualification_person_id_name_key")),
    )


def _territory() -> None:
    op.create_table(
        "person_territory",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        _of_person("person_territory"),
        _at_unit("person_territory"),
        sa.PrimaryKeyConstraint("person_id", "unit_id", name=op.f("person_territory_pkey")),
    )


def _absence() -> None:
    op.create_table(
        "person_absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.CheckConstraint("last_day >= first_day", name=op.f("person_absence_days_check")),
        _of_person("person_absence"),
        sa.PrimaryKeyConstraint("id", name=op.f("person_absence_pkey")),
        sa.UniqueConstraint("person_id", "first_day", name=op.f("person_absence_person_id_first_day_key")),
    )


def _bar() -> None:
    op.create_table(
        "person_bar",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('conflict','identified')", name=op.f("person_bar_kind_check")),
        _of_person("person_bar"),
        _at_unit("person_bar"),
        sa.PrimaryKeyConstraint("id", name=op.f("person_bar_pkey")),
        sa.UniqueConstraint(
            "person_id", "unit_id", "kind", name=op.f("person_bar_person_id_unit_id_kind_key")
        ),
    )
