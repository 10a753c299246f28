"""`flask sms doctor NUMBER`, `flask sms check FILE`: what is wrong with the way to people's phones."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus
from uuid import uuid4

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue, phones
from server.accounts.permissions import ROLES
from server.cli.failing import explained
from server.cli.files import FORMAT, content_of, locale, say, say_findings
from server.cli.linting import read_definition, summary
from server.config import Settings
from server.db import transaction
from server.fieldwork.outreach import alerts
from server.notify.gateways.choosing import INBOUND_PATH, gateway_for, status_callback
from server.notify.gateways.declarative.description import Pushed
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.reading import lint_gateway
from server.notify.gateways.exchanges import Exchange
from server.notify.protocol import OutgoingSms, SendRefused, SendUnknown, SmsGateway
from server.services import services

group = AppGroup("sms", help="The way to people's phones.")
HIDDEN = "…"


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("file")
@FORMAT
def check(file: str, format_: str) -> None:
    """Everything that is wrong with the description of a gateway (SMS_GATEWAY_FILE)."""
    found = read_definition(file, content_of(file), lint_gateway)[1]
    say_findings(found, format_)
    if format_ == "text":
        say(summary(list(found), 1, locale()))
    if any(finding.severity == "error" for finding in found):
        raise SystemExit(1)


ON_FILES = (check,)


@group.command("group")
@click.argument("role", type=click.Choice(sorted(ROLES)))
@click.argument("webhook")
@click.argument("kinds", nargs=-1, type=click.Choice(tuple(alerts.KINDS)))
def alert_group(role: str, webhook: str, kinds: tuple[str, ...]) -> None:
    """Let the chat group WEBHOOK (WEBHOOKS_FILE) be told what ROLE is told of; without KINDS no more."""
    with explained(), transaction() as connection:
        alerts.choose_group(connection, role, webhook, kinds)


@group.command()
@click.argument("number")
@click.option("--text", help="What to send; a sentence that says it is a test, unless given.")
@click.option("--dry-run", is_flag=True, help="Look at the settings and send nothing.")
def doctor(number: str, text: str | None, dry_run: bool) -> None:
    """Send one message to NUMBER, and show what was said, what it means and what to do."""
    try:
        recipient = phones.normalise(number)
    except phones.PhoneError as problem:
        raise click.ClickException(catalogue.sentence(problem.code, locale())) from None
    given, heard = services(), list[Exchange]()
    gateway = gateway_for(given.settings, given.keys, given.clock, trace=heard.append)
    _say("gateway", name=gateway.name)
    for line in _about(given.settings, gateway):
        say(line)
    if dry_run:
        _say("nothing_sent")
        return
    hide = _hiding(given.settings, recipient)
    sms = OutgoingSms(str(uuid4()), recipient, text or _text("test"))
    with explained():
        good = _send(gateway, sms)
    for exchange in heard:
        say(hide(f"→ {exchange.request}\n{exchange.body}\n← {exchange.status}\n{exchange.answer}"))
    say(hide(good[1]))
    if not good[0]:
        raise SystemExit(1)


def _send(gateway: SmsGateway, sms: OutgoingSms) -> tuple[bool, str]:
    """Whether it was taken, and what to say about it."""
    try:
        accepted = gateway.send(sms)
    except SendRefused as refused:
        code = refused.provider_code or HIDDEN
        means, advice = _text(f"means.{refused.code}"), _text(f"advice.{refused.code}")
        return False, _text("refused", code=code, means=means, advice=advice)
    except SendUnknown as unknown:
        return False, _text("unknown", reason=str(unknown), advice=_text("advice.unknown"))
    return True, _text("accepted", id=accepted.provider_id)


def _about(settings: Settings, gateway: SmsGateway) -> Iterator[str]:
    """What the settings say, and what they leave undone."""
    if settings.twilio is not None:
        told = status_callback(settings.public_url, settings.twilio)
        yield _text("callbacks", url=told) if told else _text("no_callbacks", url=settings.public_url)
        yield _text("inbound", url=settings.public_url + INBOUND_PATH)
    if isinstance(gateway, HttpGateway):
        yield _text("described", title=gateway.description.title or HIDDEN)
        described = gateway.description
        for what, kept in (("receipts", described.receipts), ("replies", described.replies)):
            how = "none" if kept is None else "pushed" if isinstance(kept, Pushed) else "fetched"
            yield _text(f"{what}_{how}", url=f"{settings.public_url}/hooks/sms/{what}")
    if settings.batch is not None:
        usable = os.access(settings.batch.folder, os.W_OK | os.X_OK)
        yield _text("folder" if usable else "folder_closed", folder=settings.batch.folder)


def _hiding(settings: Settings, recipient: str) -> Callable[[str], str]:
    """Takes the number and every secret out of a text, however they are written in an address."""
    secrets = [settings.secret_key, *settings.keys]
    if settings.twilio is not None:
        secrets += filter(None, (settings.twilio.auth_token, settings.twilio.second_auth_token))
    if settings.http_gateway is not None:
        secrets += settings.http_gateway.secrets.values()
    digits = (recipient, recipient.removeprefix("+"), phones.national(recipient))
    words = {number: phones.masked(recipient) for number in digits}
    words |= {secret.reveal(): HIDDEN for secret in secrets}
    words |= {quote_plus(word): shown for word, shown in words.items()}
    # The longest first: a number with its country code holds the one without.
    ordered = sorted(words.items(), key=lambda pair: -len(pair[0]))

    def hide(text: str) -> str:
        for word, shown in ordered:
            text = text.replace(word, shown)
        return text

    return hide


def _text(name: str, /, **params: object) -> str:
    return catalogue.text(f"sms.{name}", locale(), **params)


def _say(name: str, /, **params: object) -> None:
    say(_text(name, **params))
