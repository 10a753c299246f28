"""Moving a wave to another version of its form: planned or running, and only because somebody decided it.

Submissions keep the version they were made with. Answers on the way follow when they are next opened.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, select, update

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.outreach.reply_forms import refuse_unanswerable
from server.fieldwork.waves.instruments import refuse_evidence
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.definitions import Form, FormVersion
from server.models.organisation import Unit
from server.models.submissions import Submission
from server.models.waves import Wave
from server.scope import Scope

MOVABLE = ("planned", "drawn", "launched")


def waves_of_form(connection: Connection, key: str, scope: Scope) -> Sequence[AnyRow]:
    """The waves within the scope that use any version of the form, newest first: how they
    are listed, the `version` each asks by and the `unit_path` it reaches down from."""
    query = (
        select(
            Wave.id, Wave.code, Wave.title, Wave.title_en, Wave.state, FormVersion.version,
            Unit.path.label("unit_path"),
            case((Wave.firm_id.is_not(None), "firm"), else_=Wave.instrument).label("kind"),
        )
        .join(FormVersion, FormVersion.id == Wave.form_version_id)
        .join(Form, Form.id == FormVersion.form_id)
        .join(Unit, Unit.id == Wave.unit_id, isouter=True)
        .where(Form.key == key)
        .order_by(Wave.opens_at.desc(), Wave.id)
    )  # fmt: skip
    return connection.execute(scope.waves(query)).all()


def move_to_version(
    connection: Connection, wave_id: UUID, version_id: UUID, scope: Scope, *, by: str, now: datetime
) -> None:
    """Let a wave that is not over ask by another published version of its form.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it is over, or
            invalid_fields when the version is not published, or scores on another scale than answers that
            have arrived, or asks customers for evidence.
    """
    find_wave_to_run(connection, wave_id, scope)
    wave = connection.execute(
        select(Wave.state, Wave.form_version_id, Wave.instrument, Wave.firm_id, Wave.settings)
        .where(Wave.id == wave_id)
        .with_for_update(key_share=True)
    ).one()
    if wave.state not in MOVABLE:
        raise Refusal("wrong_state", state=wave.state, needed=MOVABLE[-1])
    columns = (FormVersion.id, FormVersion.form_id, FormVersion.version, *_scale())
    before = connection.execute(select(*columns).where(FormVersion.id == wave.form_version_id)).one()
    after = connection.execute(
        select(*columns)
        .where(FormVersion.id == version_id, FormVersion.form_id == before.form_id)
        .where(FormVersion.status == "published")
        # A share, so that nobody retires the version before this wave has it.
        .with_for_update(read=True, key_share=True)
    ).first()
    if after is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_published", "/version")])
    if after.id == before.id:
        return
    if wave.firm_id is None:
        refuse_evidence(connection, after.id, wave.instrument)
    refuse_unanswerable(connection, after.id, reply=bool(wave.settings.get("reply")))
    if (before.method, before.scale) != (after.method, after.scale) and _has_answers(connection, wave_id):
        raise Refusal("invalid_fields", details=[Detail("form_scale_differs", "/version")])
    connection.execute(update(Wave).where(Wave.id == wave_id).values(form_version_id=after.id))
    detail = {"from": before.version, "to": after.version, "state": wave.state}
    entry = audit.Entry(by, "wave_form_moved", f"wave:{wave_id}", detail)
    audit.record(connection, [entry], at=now)


def _scale() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """How a version scores: means over two scales would be numbers without a meaning."""
    scoring = FormVersion.content["scoring"]
    return scoring["method"].astext.label("method"), scoring["scale"].astext.label("scale")


def _has_answers(connection: Connection, wave_id: UUID) -> bool:
    return (
        connection.execute(select(Submission.id).where(Submission.wave_id == wave_id).limit(1)).first()
        is not None
    )
