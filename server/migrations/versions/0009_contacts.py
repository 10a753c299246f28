"""What customers came for, why some of them are not asked, long imports, and draws of rolling waves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)
CHANNELS = "preferred_channel IN ('sms','phone','wechat','app','email')"


def upgrade() -> None:
    _contact()
    _bad_number()
    _service_event()
    _import_run()
    _rolling_draw()


def _contact() -> None:
    op.add_column("contact", sa.Column("preferred_channel", sa.String(), nullable=True))
    op.add_column("contact", sa.Column("staff", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("contact", sa.Column("open_case_since", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("contact_preferred_channel_check"), "contact", CHANNELS)
    op.create_index(
        "contact_unit_external_idx", "contact", ["unit_id", "external_id"], postgresql_include=["served_on"]
    )
    op.drop_index(op.f("contact_unit_id_idx"), "contact")
    op.create_index("contact_staff_idx", "contact", ["unit_id"], postgresql_where=sa.text("staff"))
    op.create_index(
        "contact_open_case_idx",
        "contact",
        ["unit_id"],
        postgresql_where=sa.text("open_case_since IS NOT NULL"),
    )


def _bad_number() -> None:
    op.create_table(
        "bad_number",
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("phone_hash", name=op.f("bad_number_pkey")),
    )


def _service_event() -> None:
    op.create_table(
        "service_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("business", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("teller_code", sa.String(), nullable=True),
        sa.Column("waited_minutes", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "channel IN ('counter','self_service','phone','app')", name=op.f("service_event_channel_check")
        ),
        sa.CheckConstraint("waited_minutes >= 0", name=op.f("service_event_waited_minutes_check")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("service_event_contact_id_fkey")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("service_event_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("service_event_pkey")),
        sa.UniqueConstraint("external_id", name=op.f("service_event_external_id_key")),
    )
    op.create_index("service_event_unit_happened_idx", "service_event", ["unit_id", "happened_at"])
    op.create_index("service_event_contact_idx", "service_event", ["contact_id", "happened_at"])


def _import_run() -> None:
    counts = ("done_row", "created", "updated", "unchanged", "rejected")
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "filename", "sha256")),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("unit_paths", postgresql.JSONB(), nullable=True),
        sa.Column("encoding", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('contacts','events')", name=op.f("import_run_kind_check")),
        sa.CheckConstraint(
            "state IN ('waiting','running','done','failed')", name=op.f("import_run_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("import_run_pkey")),
    )
    op.create_index("import_run_created_idx", "import_run", ["created_at"])
    op.create_table(
        "import_part",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("import_part_run_id_fkey")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("import_part_pkey")),
    )


def _rolling_draw() -> None:
    counts = ("round", "population", "eligible", "selected")
    op.create_table(
        "rolling_draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("frame_fingerprint", sa.String(), nullable=False),
        sa.Column("result_fingerprint", sa.String(), nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("rolling_draw_wave_id_fkey")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("rolling_draw_unit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rolling_draw_pkey")),
        sa.UniqueConstraint(
            "wave_id", "unit_id", "day", "round", name=op.f("rolling_draw_wave_id_unit_id_day_round_key")
        ),
    )
    op.create_index("rolling_draw_wave_day_idx", "rolling_draw", ["wave_id", "day"])
