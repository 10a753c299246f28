"""The manager of an outlet signs what an overt round found, by a personal link, or says why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.links import new_token, signing_link
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.waves.running import checked_reason
from server.followup.spot.deciding import OPEN_FOR, faults_of, standing
from server.forms import compile_form, display_text
from server.forms.companions import companion_name
from server.forms.types.signatures import drawn_image, typed_name
from server.intake.own_words import joined
from server.intake.revising import newest_revision
from server.intake.shelf import FormShelf
from server.keys import KeyRing, token_hash
from server.models.accounts import Person, PersonPrivate
from server.models.on_the_spot import Countersignature
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision, SubmissionText
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_signing
from server.phones import PhoneError, normalise

# What the page asks: a question like any other, so that drawing, checking and refusing are the forms' own.
SIGNATURE: Final = "signature"
FORM: Final = compile_form(
    {
        "title": {"default": "签字", "en": "Signature"},
        "pages": [
            {
                "name": "sign",
                "elements": [
                    {
                        "type": "signaturepad",
                        "name": SIGNATURE,
                        "title": {"default": "请签名", "en": "Your signature"},
                        "isRequired": True,
                    }
                ],
            }
        ],
    }
)
LONGEST_TOKEN: Final = 64
# Each is a message to a number that somebody types.
MOST_ASKED: Final = 5


@dataclass(frozen=True, slots=True)
class NewSignature:
    """Whom to ask to sign which report: somebody who works at the outlet, or whoever has a number."""

    submission_pk: UUID
    by: str
    person_id: UUID | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link stands for. `standing` is `asked`, `signed`, `refused` or `expired`."""

    id: UUID
    submission_pk: UUID
    revision_id: UUID
    unit_name: str
    unit_name_en: str
    timezone: str
    received_at: datetime
    standing: str


@dataclass(frozen=True, slots=True)
class Found:
    """One fault as it is shown to who signs: no points, no score, nobody's name."""

    title: str
    verdict: str
    note: str
    fixed: bool


def ask_signature(connection: Connection, new: NewSignature, sender: Sender, *, now: datetime) -> UUID:
    """Send the manager a link to the findings of an overt round; returns the request's id.

    An earlier link to the same report stops working: only the newest can be signed.

    Raises:
        Refusal: not_found for an unknown report; invalid_fields: `signature_covert` where nobody may learn of
            the visit, `signature_done`, `signature_too_often`, `signature_nobody` for who does not work at
            the outlet or has no number, and the codes of phone numbers.
    """
    report = _report(connection, new.submission_pk)
    phone = _number(connection, new, report, sender.keys)
    open_ones = (
        Countersignature.submission_pk == report.id,
        Countersignature.signed_at.is_(None),
        Countersignature.refused_at.is_(None),
        Countersignature.expires_at > now,
    )
    connection.execute(update(Countersignature).where(*open_ones).values(expires_at=now))
    token, request_id = new_token(), new_id()
    connection.execute(
        insert(Countersignature).values(
            id=request_id,
            submission_pk=report.id,
            revision_id=newest_revision(connection, report.id).id,
            unit_id=report.unit_id,
            person_id=new.person_id,
            phone=None if new.person_id else sender.keys.encrypt(phone),
            token_hash=token.hash,
            asked_by=new.by,
            asked_at=now,
            expires_at=now + OPEN_FOR,
        )
    )
    text = compose_signing(
        organisation=report.settings["organisation"]["zh"],
        unit=report.unit_name,
        link=signing_link(sender.public_url, token.text),
    )
    message = NewMessage(
        dedupe_key=f"{request_id}:signature",
        kind="signature",
        wave_id=report.wave_id,
        recipient=phone,
        text=text,
        not_before=now,
        expires_at=now + OPEN_FOR,
        timezone=report.timezone,
    )
    enqueue(connection, [message], sender.keys, now)
    _witness(connection, "signature_asked", report.id, new.by, now)
    return request_id


def find_signature(connection: Connection, token: str, *, now: datetime) -> Asked | None:
    """What a link stands for, or None for one that was never given out or is over."""
    if len(token) > LONGEST_TOKEN:
        return None
    row = connection.execute(
        select(
            *Countersignature.__table__.columns,
            Unit.name,
            Unit.name_en,
            Unit.timezone,
            Submission.received_at,
        )
        .join(Unit, Unit.id == Countersignature.unit_id)
        .join(Submission, Submission.id == Countersignature.submission_pk)
        .where(Countersignature.token_hash == token_hash(token))
    ).first()
    if row is None:
        return None
    found = standing(row.signed_at, row.refused_at, row.expires_at, now=now)
    if found == "expired":
        return None
    return Asked(
        id=row.id,
        submission_pk=row.submission_pk,
        revision_id=row.revision_id,
        unit_name=row.name,
        unit_name_en=row.name_en or row.name,
        timezone=row.timezone,
        received_at=row.received_at,
        standing=found,
    )


def findings_to_sign(connection: Connection, forms: FormShelf, asked: Asked, locale: str) -> Sequence[Found]:
    """The faults of the report as it stood when the link was sent: title, verdict, note."""
    row = connection.execute(
        select(SubmissionRevision.answers, Submission.form_version_id, ScoreSheet.sheet)
        .join(Submission, Submission.id == SubmissionRevision.submission_pk)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .where(SubmissionRevision.id == asked.revision_id)
    ).one()
    texts = connection.execute(
        select(SubmissionText.question, SubmissionText.text).where(
            SubmissionText.revision_id == asked.revision_id
        )
    )
    answers = joined(row.answers, {each.question: each.text for each in texts})
    form = forms.get(connection, row.form_version_id).form
    notes = {
        question.companion.parent: str(answers[name])
        for name, question in form.questions.items()
        if question.companion is not None and question.companion.role == "note" and name in answers
    }
    unit = asked.unit_name_en if locale == "en" else asked.unit_name
    return [
        Found(
            title=form.questions[fault.item].title.render(locale, lambda _: unit)
            if fault.item in form.questions
            else fault.item,
            verdict=display_text(form, fault.item, fault.answer, locale) if fault.answer is not None else "",
            note=notes.get(fault.item, ""),
            fixed=companion_name(fault.item, "fixed") in answers,
        )
        for fault in faults_of(row.sheet, answers)
    ]


def sign(connection: Connection, asked: Asked, signature: str, keys: KeyRing, *, now: datetime) -> None:
    """Keep the signature: a typed name, or what was drawn, as the form's question has it.

    Raises:
        Refusal: link_finished when somebody has signed or refused by this link.
    """
    drawn = drawn_image(signature)
    values: dict[str, Any] = {"signed_name": typed_name(signature) or None}
    values["drawn"] = keys.encrypt(drawn) if drawn else None
    _settle(connection, asked, {"signed_at": now, **values})
    _witness(connection, "signature_given", asked.submission_pk, f"countersignature:{asked.id}", now)


def refuse(connection: Connection, asked: Asked, reason: str, *, now: datetime) -> None:
    """Note that the manager does not sign, and why.

    Raises:
        Refusal: as `sign`, or invalid_fields without a reason.
    """
    _settle(connection, asked, {"refused_at": now, "refused_reason": checked_reason(reason)})
    _witness(connection, "signature_refused", asked.submission_pk, f"countersignature:{asked.id}", now)


def signatures_of(
    connection: Connection, submission_pk: UUID, *, now: datetime
) -> Sequence[Mapping[str, Any]]:
    """How the requests for a report stand, the newest first: `standing`, `asked_at`, `signed_name`,
    `signed_at`, `refused_reason`; for the phone of who asked."""
    query = select(*Countersignature.__table__.columns).where(Countersignature.submission_pk == submission_pk)
    return [
        {
            "standing": standing(row.signed_at, row.refused_at, row.expires_at, now=now),
            "asked_at": row.asked_at,
            "signed_at": row.signed_at,
            "signed_name": row.signed_name,
            "refused_reason": row.refused_reason,
        }
        for row in connection.execute(query.order_by(Countersignature.asked_at.desc(), Countersignature.id))
    ]


def _report(connection: Connection, submission_pk: UUID) -> AnyRow:
    """The report, locked: of two requests at once the later one ends the earlier."""
    row = connection.execute(
        select(
            Submission.id, Submission.wave_id, Wave.programme_version_id, Wave.instrument_name, Wave.settings,
            Unit.id.label("unit_id"), Unit.name.label("unit_name"), Unit.timezone,
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Submission.id == submission_pk)
        .with_for_update(of=Submission, key_share=True)
    ).first()  # fmt: skip
    if row is None:
        raise Refusal("not_found")
    if not programme_of(connection, row.programme_version_id).visits_of(row.instrument_name).overt:
        raise Refusal("invalid_fields", details=[Detail("signature_covert")])
    signed = select(Countersignature.id).where(
        Countersignature.submission_pk == submission_pk, Countersignature.signed_at.is_not(None)
    )
    if connection.scalar(signed) is not None:
        raise Refusal("invalid_fields", details=[Detail("signature_done")])
    asked = select(func.count()).where(Countersignature.submission_pk == submission_pk)
    if (connection.scalar(asked) or 0) >= MOST_ASKED:
        raise Refusal("invalid_fields", details=[Detail("signature_too_often", params={"limit": MOST_ASKED})])
    return row


def _number(connection: Connection, new: NewSignature, report: AnyRow, keys: KeyRing) -> str:
    if new.person_id is None:
        try:
            return normalise(new.phone, mobile_only=True)
        except PhoneError as error:
            raise Refusal("invalid_fields", details=[Detail(error.code, "/phone")]) from None
    sealed = connection.scalar(
        select(PersonPrivate.phone)
        .join(Person, Person.id == PersonPrivate.person_id)
        .where(Person.id == new.person_id, Person.unit_id == report.unit_id, Person.left_at.is_(None))
    )
    if sealed is None:
        raise Refusal("invalid_fields", details=[Detail("signature_nobody", "/person")])
    return keys.decrypt(sealed)


def _settle(connection: Connection, asked: Asked, values: Mapping[str, Any]) -> None:
    """Once: whoever presses the button twice, or holds the same link, comes too late."""
    done = connection.execute(
        update(Countersignature)
        .where(
            Countersignature.id == asked.id,
            Countersignature.signed_at.is_(None),
            Countersignature.refused_at.is_(None),
        )
        .values(**values)
    )
    if not done.rowcount:
        raise Refusal("link_finished")


def _witness(connection: Connection, action: str, submission_pk: UUID, by: str, now: datetime) -> None:
    audit.record(connection, [audit.Entry(by, action, f"submission:{submission_pk}", {})], at=now)
