"""Keeping what weighing found, so that weighing again changes nothing that people decided.

A doubt is the same when its code and what it is about are. An open one follows the facts: it may weigh
something else, or be gone. A decided one stays as it was decided.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_merge

from server import wire
from server.db import AnyRow, new_id
from server.evidence.doubts import DOUBTS
from server.evidence.visit import Doubt
from server.evidence.weighing import confidence_of, weight_of
from server.models.doubts import DISMISSED, OPEN, VisitConfidence, VisitDoubt
from server.models.submissions import Submission
from server.scoring.exact import rounded
from server.scoring.programmes.visiting import EvidenceRules

# More than any product of weights in whole percent needs.
PLACES: Final = 30


def locked(connection: Connection, submission_pk: UUID) -> bool:
    """Hold a submission until the transaction ends, so that it is weighed and decided about one at a time."""
    query = select(Submission.id).where(Submission.id == submission_pk).with_for_update(key_share=True)
    return connection.scalar(query) is not None


def keep(
    connection: Connection,
    submission_pk: UUID,
    found: Sequence[Doubt],
    rules: EvidenceRules,
    *,
    lasting: Collection[str],
    now: datetime,
) -> Fraction:
    """Store doubts and the confidence that they leave; returns it. The submission is `locked`.

    Args:
        lasting: codes whose grounds were emptied on schedule: what was found before stays.
    """
    known = {_key(row.code, row.about): row for row in _rows(connection, submission_pk)}
    fresh = {_key(doubt.code, doubt.where): doubt for doubt in found}
    for key, doubt in fresh.items():
        _keep_one(connection, submission_pk, doubt, known.get(key), now)
    gone = [
        row.id
        for key, row in known.items()
        if key not in fresh and row.state == OPEN and row.code not in lasting
    ]
    connection.execute(delete(VisitDoubt).where(VisitDoubt.id.in_(gone)))
    values = {"review": rules.review, "rules": fingerprint(rules), "weighed_at": now}
    return stand(connection, submission_pk, values)


def stand(connection: Connection, submission_pk: UUID, values: dict[str, Any]) -> Fraction:
    """Work out the confidence from the doubts as they stand, and store it with `values`; returns it."""
    rows = _rows(connection, submission_pk)
    confidence = confidence_of((row.code, Fraction(row.weight)) for row in rows if row.state != DISMISSED)
    standing = {
        "confidence": _decimal(confidence),
        "doubts": len(rows),
        "open_doubts": sum(row.state == OPEN for row in rows),
        **values,
    }
    if "rules" not in values:
        of_visit = VisitConfidence.submission_pk == submission_pk
        connection.execute(update(VisitConfidence).where(of_visit).values(**standing))
        return confidence
    kept = insert_or_merge(VisitConfidence).values(submission_pk=submission_pk, **standing)
    connection.execute(kept.on_conflict_do_update(index_elements=["submission_pk"], set_=standing))
    return confidence


def fingerprint(rules: EvidenceRules) -> str:
    """Of everything that a programme says about doubts, with the usual weights where it says nothing."""
    weights: dict[str, wire.Json] = {code: str(weight_of(code, rules)) for code in DOUBTS}
    own: list[wire.Json] = [rules.radius, rules.stay, rules.narrative, rules.days, rules.review]
    return wire.fingerprint([*own, weights])


def _rows(connection: Connection, submission_pk: UUID) -> Sequence[AnyRow]:
    columns = VisitDoubt.__table__.columns
    query = select(columns.id, columns.code, columns.about, columns.weight, columns.params, columns.state)
    return connection.execute(query.where(columns.submission_pk == submission_pk)).all()


def _keep_one(
    connection: Connection, submission_pk: UUID, doubt: Doubt, known: AnyRow | None, now: datetime
) -> None:
    values: dict[str, Any] = {"weight": _decimal(doubt.weight), "params": dict(doubt.params)}
    if known is None:
        row = {"id": new_id(), "submission_pk": submission_pk, "code": doubt.code, "about": dict(doubt.where)}
        connection.execute(insert(VisitDoubt).values(**row, **values, state=OPEN, found_at=now))
    elif known.state == OPEN and (known.weight, known.params) != (values["weight"], values["params"]):
        connection.execute(update(VisitDoubt).where(VisitDoubt.id == known.id).values(**values))


def _key(code: str, about: Any) -> tuple[str, Iterable[tuple[str, str]]]:
    return code, tuple(sorted(about.items()))


def _decimal(value: Fraction) -> Decimal:
    found = rounded(value, PLACES)
    return Decimal(0) if found is None else found.normalize()
