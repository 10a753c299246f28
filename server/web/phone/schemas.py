"""What a phone sends about a prepared visit, as JSON."""

from marshmallow import fields, validate

from server.fieldwork.visiting.telling import EVENT_KINDS, FAILED, LONGEST_NAME, MOST_EVENTS
from server.forms.types.files import VIDEO_TYPES
from server.intake import uploads
from server.web.bodies import FileSchema, Strict

LONGEST_NOTE = 2_000
MOST_NOTES = 200
MOST_PHOTOS = 300
# A 79-item checklist with its notes posts some 20 kB; drawn signatures come on top.
LONGEST_FIELDS = 2 * 1024 * 1024


class FixSchema(Strict):
    """A position in degrees of WGS-84; `accuracy` in metres."""

    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))
    accuracy = fields.Integer(required=True, validate=validate.Range(0, 1_000_000))


class EventDetailSchema(Strict):
    """Of a photo, which one, when it was taken by its own data, and whether the camera or the album gave it.

    Of a page that was left, which one, and for how many seconds it was open.
    """

    photo = fields.UUID()
    taken = fields.String(validate=validate.Length(max=40))
    source = fields.String(validate=validate.OneOf(("camera", "album")))
    page = fields.Integer(validate=validate.Range(0, 1_000))
    seconds = fields.Integer(validate=validate.Range(0, 1_000_000))


class EventSchema(Strict):
    """One moment, by the phone's clock."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(EVENT_KINDS))
    at = fields.AwareDateTime(required=True)
    fix = fields.Nested(FixSchema, allow_none=True)
    detail = fields.Nested(EventDetailSchema)


class NoteSchema(Strict):
    """A note jotted down inside."""

    id = fields.UUID(required=True)
    text = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NOTE))
    at = fields.AwareDateTime(required=True)


class RecordSchema(Strict):
    """How things stand with a visit besides its answers."""

    sent_at = fields.AwareDateTime(required=True)
    events = fields.List(fields.Nested(EventSchema), validate=validate.Length(max=MOST_EVENTS))
    notes = fields.List(fields.Nested(NoteSchema), validate=validate.Length(max=MOST_NOTES))
    tray = fields.List(fields.UUID(), validate=validate.Length(max=MOST_PHOTOS))
    consented_at = fields.AwareDateTime(allow_none=True)
    identified_at = fields.AwareDateTime(allow_none=True)


class FieldsSchema(Strict):
    """The whole form as a browser would post it (`answers`), and the version it was drawn from."""

    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, 999_999))
    answers = fields.String(required=True, validate=validate.Length(max=LONGEST_FIELDS))


class DraftSchema(FieldsSchema):
    """`base`: the revision that the phone's answers began from; -1 to lay them over whatever stands."""

    base = fields.Integer(required=True, strict=True, validate=validate.Range(-1, 10**9))


class DeclarationSchema(Strict):
    """Who signs, and when by the phone's clock."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NAME))
    at = fields.AwareDateTime(required=True)


class ReportSchema(FieldsSchema):
    """A whole report with its declaration; `back` is the number of the return it answers, else 0."""

    back = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 1_000))
    declaration = fields.Nested(DeclarationSchema, required=True)
    record = fields.Nested(RecordSchema, required=True)


class AttemptSchema(Strict):
    """A visit that could not be made."""

    outcome = fields.String(required=True, validate=validate.OneOf(FAILED))
    note = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NOTE))
    declaration = fields.Nested(DeclarationSchema, required=True)
    record = fields.Nested(RecordSchema, required=True)


class _KnownSchema(FileSchema):
    id = fields.UUID(required=True)


class PhotoSchema(_KnownSchema):
    """A photo that the phone is about to send, by the phone's own id."""

    type = fields.String(required=True, validate=validate.OneOf(sorted(uploads.PHOTO_TYPES)))


class VideoSchema(_KnownSchema):
    """A video that the phone is about to send, by the phone's own id."""

    type = fields.String(required=True, validate=validate.OneOf(VIDEO_TYPES))


class ExpenseSchema(Strict):
    """What somebody spent on a visit, in yuan; `receipt` is the phone's id of the photo of the receipt."""

    id = fields.UUID(required=True)
    amount = fields.Decimal(required=True, allow_nan=False, validate=validate.Range(0, 10**9))
    note = fields.String(required=True, validate=validate.Length(max=LONGEST_NOTE))
    receipt = fields.UUID(required=True, allow_none=True)


class FineSchema(Strict):
    """A fine on the spot, in yuan, for an item; `person` is a staff number, or a name."""

    id = fields.UUID(required=True)
    item = fields.String(required=True, validate=validate.Length(max=200))
    person = fields.String(required=True, validate=validate.Length(max=LONGEST_NOTE))
    amount = fields.Decimal(required=True, allow_nan=False, validate=validate.Range(0, 10**9))
    note = fields.String(required=True, validate=validate.Length(max=LONGEST_NOTE))


class WithdrawalSchema(Strict):
    """Why a fine is taken back."""

    reason = fields.String(required=True, validate=validate.Length(max=LONGEST_NOTE))


class SignatureSchema(Strict):
    """The number of who is asked to sign."""

    phone = fields.String(required=True, validate=validate.Length(max=40))
