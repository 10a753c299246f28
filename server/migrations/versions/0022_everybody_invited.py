"""Invitations of people and of whoever stands at a counter; letters and the addresses they go to."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "counter_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("counter_code_wave_id_fkey")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("counter_code_subject_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("counter_code_pkey")),
        sa.UniqueConstraint("hash", name=op.f("counter_code_hash_key")),
    )
    op.create_index(
        op.f("counter_code_open_idx"), "counter_code", ["wave_id", "subject_id"], unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip
    _invite_others()
    op.create_table(
        "letter_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("printed_at", MOMENT, nullable=False),
        sa.Column("printed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("letter_run_wave_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("letter_run_pkey")),
    )
    op.create_index(op.f("letter_run_wave_id_idx"), "letter_run", ["wave_id"])
    op.create_table(
        "letter",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid()),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("letter_message_id_fkey")),
        sa.ForeignKeyConstraint(["run_id"], ["letter_run.id"], name=op.f("letter_run_id_fkey")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("letter_pkey")),
    )
    op.create_index(op.f("letter_run_id_idx"), "letter", ["run_id"])
    op.add_column("contact_private", sa.Column("address", sa.LargeBinary()))
    op.execute("ALTER TABLE contact DROP CONSTRAINT contact_preferred_channel_check")
    op.execute(
        "ALTER TABLE contact ADD CONSTRAINT contact_preferred_channel_check"
        " CHECK (preferred_channel IN ('sms','phone','wechat','app','email','letter')) NOT VALID"
    )
    op.execute("ALTER TABLE contact VALIDATE CONSTRAINT contact_preferred_channel_check")


def _invite_others() -> None:
    op.alter_column("invitation", "contact_id", nullable=True)
    for column, table in (("person_id", "person"), ("counter_id", "counter_code")):
        op.add_column("invitation", sa.Column(column, sa.Uuid()))
        op.create_foreign_key(op.f(f"invitation_{column}_fkey"), "invitation", table, [column], ["id"])
    op.create_index(op.f("invitation_counter_id_idx"), "invitation", ["counter_id"])
    # The old constraint takes two people without a contact for one and the same. Whoever replies is looked
    # for by contact, hence the order.
    op.create_index(
        op.f("invitation_contact_key"), "invitation", ["contact_id", "wave_id", "event_id"], unique=True,
        postgresql_where=sa.text("contact_id IS NOT NULL"), postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.drop_constraint(op.f("invitation_wave_id_contact_id_event_id_key"), "invitation")
    op.create_index(
        op.f("invitation_person_key"), "invitation", ["person_id", "wave_id"], unique=True,
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )  # fmt: skip
    # Checked after the lock is gone: a scan of all invitations would hold up those who answer.
    op.execute(
        "ALTER TABLE invitation ADD CONSTRAINT invitation_somebody_check"
        " CHECK (num_nonnulls(contact_id, person_id, counter_id) = 1) NOT VALID"
    )
    op.execute("ALTER TABLE invitation VALIDATE CONSTRAINT invitation_somebody_check")
