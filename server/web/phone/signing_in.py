"""Signing a phone in, by a code or a link, and out."""

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields, validate

from server import phones
from server.db import transaction
from server.errors import Detail, Refusal
from server.fieldwork.outreach import guessing
from server.fieldwork.visiting import devices
from server.http.visitor import visitor_address
from server.services import services
from server.web.phone.knowing import NOBODY, THE_DEVICE, answer, done, forget, holder, remember, told

PHONES = guessing.Limits("phone", address=20, network=100, in_all=5_000)


class AskSchema(Schema):
    """Whose number is to be sent a code."""

    class Meta:
        unknown = RAISE

    number = fields.String(required=True, validate=validate.Length(max=40))


class CodeSchema(AskSchema):
    """The code that was sent to the number."""

    code = fields.String(required=True, validate=validate.Length(max=20))


class LinkSchema(Schema):
    """The token of a link."""

    class Meta:
        unknown = RAISE

    token = fields.String(required=True, validate=validate.Length(max=devices.LONGEST_TOKEN))


def install(blueprint: Blueprint) -> None:
    blueprint.post("/sign-in/code")(NOBODY(send_code))
    blueprint.post("/sign-in/number")(NOBODY(by_code))
    blueprint.post("/sign-in/link")(NOBODY(by_link))
    blueprint.post("/sign-out")(THE_DEVICE(sign_out))


def send_code() -> Response:
    """The same answer for every number, known or not."""
    number = _number(told(AskSchema()))
    _count()
    given = services()
    with transaction() as connection:
        devices.send_code(connection, number, given.keys, now=given.clock.now())
    return done()


def by_code() -> Response:
    body = told(CodeSchema())
    number = _number(body)
    _count()
    given = services()
    refused: Refusal | None = None
    # A wrong code is counted on the connection that is committed, whatever is answered.
    with transaction() as connection:
        try:
            signed_in = devices.sign_in_by_code(
                connection, number, body["code"], given.keys, label=_label(), now=given.clock.now()
            )
        except Refusal as refusal:
            refused = refusal
    if refused is not None:
        raise refused
    return remember(answer({"name": signed_in.name}), signed_in.secret)


def by_link() -> Response:
    body = told(LinkSchema())
    _count()
    with transaction() as connection:
        signed_in = devices.sign_in_by_link(
            connection, body["token"], label=_label(), now=services().clock.now()
        )
    return remember(answer({"name": signed_in.name}), signed_in.secret)


def sign_out() -> Response:
    who = holder()
    with transaction() as connection:
        devices.sign_out(connection, who, now=services().clock.now())
    return forget(done())


def _number(body: dict[str, str]) -> str:
    try:
        return phones.normalise(body["number"], mobile_only=True)
    except phones.PhoneError as invalid:
        raise Refusal("invalid_fields", details=[Detail(invalid.code, "/number")]) from None


def _count() -> None:
    """Attempts by address, right ones too: nobody signs in more than some times in ten minutes."""
    given = services()
    try:
        with transaction() as connection:
            guessing.count_guess(connection, PHONES, visitor_address(), given.keys, given.clock.now())
    except guessing.TooManyGuesses:
        raise Refusal("too_many_attempts", minutes=10) from None


def _label() -> str:
    return request.headers.get("User-Agent", "")
