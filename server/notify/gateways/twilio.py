"""SMS through Twilio's SDK, and the only module that imports it.

The SDK waits for ever unless told otherwise and hides whether a request left the machine. So it gets a
transport of ours: two timeouts, no second attempt, and a difference between "never connected" (may be tried
again) and everything after that (may have arrived).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError
from urllib3.util import Timeout, make_headers

from server.config import TwilioSettings
from server.notify.gateways.meanings import TWILIO_STATES, twilio_meaning
from server.notify.protocol import Accepted, DeliveryReport, OutgoingSms, SendRefused, SendUnknown
from server.outgoing import Outgoing

# What a status means when the body gives no code of Twilio's.
CODE_OF_STATUS: Final = {401: 20003, 403: 20003, 404: 20404, 429: 20429}
MESSAGING_SERVICE: Final = "MG"
# A connection that broke after the request, or an answer that is none of Twilio's.
UNANSWERED: Final = (HTTPError, ValueError, KeyError, TypeError, AttributeError)


class TwilioGateway:
    """Hands messages to Twilio.

    Args:
        status_callback: the address that Twilio tells about deliveries, our reference appended. None for no
            callbacks: Twilio refuses messages with an address that is not public.
    """

    name = "twilio"

    def __init__(
        self, settings: TwilioSettings, outgoing: Outgoing, *, status_callback: str | None = None
    ) -> None:
        self._status_callback = status_callback
        self._client = Client(
            settings.account_sid,
            settings.auth_token.reveal(),
            http_client=_Transport(settings.base_url, outgoing),
        )
        by_service = settings.sender.startswith(MESSAGING_SERVICE)
        self._sender = {"messaging_service_sid" if by_service else "from_": settings.sender}

    def send(self, sms: OutgoingSms) -> Accepted:
        options = dict(self._sender)
        if self._status_callback:
            options["status_callback"] = f"{self._status_callback}?{urlencode({'reference': sms.reference})}"
        try:
            message = self._client.messages.create(to=sms.recipient, body=sms.text, **options)
        except _NeverLeft:
            raise SendRefused("unreachable", permanent=False) from None
        except TwilioException as problem:
            raise _failure(problem) from None
        except UNANSWERED as problem:
            raise SendUnknown(type(problem).__name__) from None
        if not message.sid:
            raise SendUnknown("an answer without an id")
        return Accepted(str(message.sid))

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        found = (self._report(provider_id) for provider_id in provider_ids)
        return [report for report in found if report is not None]

    def _report(self, provider_id: str) -> DeliveryReport | None:
        try:
            message = self._client.messages(provider_id).fetch()
        except (_NeverLeft, TwilioException, *UNANSWERED):
            return None
        state = TWILIO_STATES.get(str(message.status))
        code = None if message.error_code is None else str(message.error_code)
        return None if state is None else DeliveryReport(provider_id, state, code)


class _NeverLeft(Exception):
    """No connection came about, so no request was sent."""


class _Transport:
    """What the SDK needs of an HTTP client, on urllib3, against a base address of our choice."""

    def __init__(self, base_url: str, outgoing: Outgoing) -> None:
        self._base_url = base_url.rstrip("/")
        timeout = Timeout(connect=outgoing.connect_seconds, read=outgoing.read_seconds)
        options: dict[str, Any] = {"timeout": timeout, "retries": False, "ca_certs": outgoing.ca_bundle}
        proxy = outgoing.proxy_for(base_url)
        self._pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: object,
    ) -> Response:
        """One request as the SDK words it; its own timeout and redirect wishes are not asked for."""
        credentials = make_headers(basic_auth=":".join(auth)) if auth else {}
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        try:
            answer = self._pool.request(
                method,
                f"{self._base_url}{urlsplit(url).path}{query}",
                body=urlencode(data, doseq=True) if data else None,
                headers={**(headers or {}), **credentials},
                redirect=False,
            )
        except (NewConnectionError, ConnectTimeoutError, ProxyError):
            raise _NeverLeft from None
        return Response(answer.status, answer.data.decode("utf-8", "replace"), answer.headers)


def _failure(problem: TwilioException) -> SendRefused | SendUnknown:
    """A 4xx is a refusal. Anything else may have been taken: after a 5xx, Twilio says, a retry may double."""
    status = getattr(problem, "status", None)
    if not isinstance(status, int) or not 400 <= status < 500 or status == 408:
        return SendUnknown(f"status {status}")
    code = getattr(problem, "code", None)
    if code == status:
        # What the SDK says when the body was not Twilio's.
        code = CODE_OF_STATUS.get(status)
    meaning = twilio_meaning(code)
    provider_code = None if code is None else str(code)
    return SendRefused(meaning.code, permanent=meaning.permanent, provider_code=provider_code)
