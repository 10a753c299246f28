"""Procrastinate's tables without their insert-NOTIFY, and an audit log that refuses to be edited."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0004"
down_revision = "0003"

GUARD = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit lines are never changed';
END
$$;
CREATE TRIGGER audit_line_insert_only BEFORE UPDATE OR DELETE ON audit_line
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_seal_insert_only BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

# Workers poll: a NOTIFY takes a lock at commit that every submission would wait for in turn.
NO_NOTIFY = "DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs"


def upgrade() -> None:
    cursor = op.get_bind().connection.cursor()
    # On the raw connection: SQLAlchemy would take the colons and percent signs of the schema as parameters.
    cursor.execute(SchemaManager.get_schema())
    op.execute(sa.text(NO_NOTIFY))
    cursor.execute(GUARD)
