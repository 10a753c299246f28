"""Versions of forms: who made and published them, trials, and a guard over what is published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

# What may still change of a published definition is that it is retired.
GUARD = """
CREATE FUNCTION definition_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'a published definition is never deleted';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.status <> OLD.status
        AND (OLD.status, NEW.status) NOT IN (('draft', 'published'), ('published', 'retired')) THEN
        RAISE EXCEPTION 'a definition is a draft, then published, then retired';
    END IF;
    IF OLD.status <> 'draft' AND to_jsonb(NEW) - ARRAY['status', 'retired_at']
        IS DISTINCT FROM to_jsonb(OLD) - ARRAY['status', 'retired_at'] THEN
        RAISE EXCEPTION 'a published definition never changes';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER form_version_guard BEFORE UPDATE OR DELETE ON form_version
    FOR EACH ROW EXECUTE FUNCTION definition_refuse();
CREATE TRIGGER programme_version_guard BEFORE UPDATE OR DELETE ON programme_version
    FOR EACH ROW EXECUTE FUNCTION definition_refuse();
"""


def upgrade() -> None:
    _form_version()
    _form_trial()
    op.add_column(
        "draft",
        sa.Column("left_behind", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    )
    # Keys that send answers may now read the forms that the answers are to fit.
    op.execute(
        """UPDATE api_key SET permissions = permissions || '["forms.read"]' """
        """WHERE permissions @> '["submissions.write"]' AND NOT permissions @> '["forms.read"]'"""
    )
    op.execute(GUARD)


def _form_version() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("form_version", sa.Column("note", sa.String(), nullable=True))
    op.add_column(
        "form_version", sa.Column("created_by", sa.String(), server_default="system", nullable=False)
    )
    op.add_column("form_version", sa.Column("published_at", moment, nullable=True))
    op.add_column("form_version", sa.Column("published_by", sa.String(), nullable=True))
    op.add_column("form_version", sa.Column("retired_at", moment, nullable=True))
    op.execute(
        "UPDATE form_version SET published_at = created_at, published_by = 'system' WHERE status <> 'draft'"
    )
    op.execute("UPDATE form_version SET retired_at = created_at WHERE status = 'retired'")
    op.create_check_constraint(
        op.f("form_version_published_check"), "form_version", "(status = 'draft') = (published_at IS NULL)"
    )
    op.create_check_constraint(
        op.f("form_version_retired_check"),
        "form_version",
        "(status = 'retired') = (retired_at IS NOT NULL)",
    )
    op.create_index(
        "form_version_one_draft_idx",
        "form_version",
        ["form_id"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )


def _form_trial() -> None:
    op.create_table(
        "form_trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("variables", postgresql.JSONB(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('invitation','assignment')", name=op.f("form_trial_kind_check")),
        sa.ForeignKeyConstraint(
            ["form_version_id"],
            ["form_version.id"],
            name=op.f("form_trial_form_version_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("form_trial_pkey")),
        sa.UniqueConstraint("ref", name=op.f("form_trial_ref_key")),
    )
    op.create_index(op.f("form_trial_form_version_id_idx"), "form_trial", ["form_version_id"])
