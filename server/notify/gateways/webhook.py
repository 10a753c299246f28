"""Messages into chat groups: WeCom's and DingTalk's robots, and plain webhooks of an organisation's own.

A webhook is a described gateway (`declarative`) with one recipient, the group behind it. What its body looks
like, how it is signed and what its codes mean stands in `webhooks.json`, by template; a deployment's file
adds names, addresses and which secrets they need.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from server.clock import Clock
from server.config import WEBHOOK_PREFIX, Secret
from server.notify.gateways.declarative.description import Description
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.problems import GatewayInvalid, GatewayReport
from server.notify.gateways.declarative.reading import Use, read_gateway
from server.notify.protocol import Accepted, DeliveryReport, Found, OutgoingSms, SendRefused
from server.outgoing import Outgoing

NAME: Final = "webhook"
FILE: Final = Path(__file__).parent / "webhooks.json"
PROPERTIES: Final = ("url", "template", "secret")
# How a template calls the secret that a webhook is signed with, whatever its own name.
SIGNING: Final = "{secret.SIGNING}"


class WebhookGateway:
    """Posts each message to the webhook that its recipient names."""

    name = NAME

    def __init__(
        self,
        described: Mapping[str, Description],
        secrets: Mapping[str, Secret],
        outgoing: Outgoing,
        clock: Clock,
    ) -> None:
        self._by_name = {
            name: HttpGateway(each, secrets, outgoing, clock) for name, each in described.items()
        }

    def send(self, sms: OutgoingSms) -> Accepted:
        gateway = self._by_name.get(sms.recipient)
        if gateway is None:
            raise SendRefused("refused", permanent=True, provider_code="no_such_webhook")
        return gateway.send(replace(sms, recipient=""))

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """Nothing: a chat group sends no receipts."""
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        """None: nobody can be asked what a group has."""
        return None


def read_webhooks(content: object, secrets: Collection[str]) -> dict[str, Description]:
    """The webhooks of a file, `{name: {"url", "template", "secret"}}`.

    Args:
        secrets: the names of those that are set.

    Raises:
        GatewayInvalid: with what is wrong in the first of them that cannot be used.
    """
    report = GatewayReport()
    if not isinstance(content, dict):
        report.error("", "property_type", property="webhooks", expected="object")
        raise GatewayInvalid(report.problems)
    return {name: _described(name, stated, secrets) for name, stated in content.items()}


def _described(name: str, stated: object, secrets: Collection[str]) -> Description:
    report, known = GatewayReport(), _templates()
    given = stated if isinstance(stated, dict) else {}
    for wrong in given.keys() - set(PROPERTIES):
        report.unknown_property(f"/{name}/{wrong}", wrong, PROPERTIES)
    for needed in ("url", "template"):
        if not isinstance(given.get(needed), str):
            report.error(f"/{name}", "property_missing", property=needed)
    template, secret = given.get("template"), given.get("secret")
    if isinstance(template, str) and template not in known:
        allowed = tuple(known)
        report.error(
            f"/{name}/template", "property_choice", property="template", found=template[:64], allowed=allowed
        )
    if secret is not None and (not isinstance(secret, str) or "signed" not in known.get(str(template), {})):
        report.error(f"/{name}/secret", "property_type", property="secret", expected="text")
    if report.problems:
        raise GatewayInvalid(report.problems)
    whole = _filled(known[str(template)], given["url"], secret)
    return read_gateway(whole, secrets, Use(told=("text",), setting=WEBHOOK_PREFIX))


def _filled(template: Mapping[str, Any], url: str, secret: str | None) -> dict[str, Any]:
    """The description of a gateway: the template with an address, signed where a secret is named."""
    signed = template.get("signed", {}) if secret is not None else {}
    extra = {part: signed[part] for part in ("query", "headers") if part in signed}
    request = {**template["send"]["request"], "url": url, **extra}
    whole = {name: value for name, value in template.items() if name != "signed"}
    whole["send"] = {**template["send"], "request": request}
    if "digests" in signed:
        whole["digests"] = signed["digests"]
    named: dict[str, Any] = json.loads(json.dumps(whole).replace(SIGNING, f"{{secret.{secret}}}"))
    return named


@cache
def _templates() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return read
