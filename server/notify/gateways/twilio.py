"""SMS through Twilio's SDK, and the only module that imports it.

The SDK waits for ever unless told otherwise and hides whether a request left the machine. So it gets a
transport of ours: two timeouts, no second attempt, and a difference between "never connected" (may be tried
again) and everything after that (may have arrived).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

from server.clock import Clock, SystemClock
from server.config import TwilioSettings
from server.notify.gateways.exchanges import NEVER_LEFT, Exchange, Trace, pool_for, unheard
from server.notify.gateways.meanings import dialect, meaning_of
from server.notify.protocol import (
    Absent,
    Accepted,
    DeliveryReport,
    Found,
    OutgoingSms,
    SendRefused,
    SendUnknown,
)
from server.outgoing import Outgoing

# What a status means when the body gives no code of Twilio's.
CODE_OF_STATUS: Final = {401: 20003, 403: 20003, 404: 20404, 429: 20429}
MESSAGING_SERVICE: Final = "MG"
NAME: Final = "twilio"
# Twilio's list of messages lags behind. A message that is not listed this long after it was handed over was
# not taken.
LISTED_AFTER: Final = timedelta(minutes=10)
# Our clock and theirs differ by a little.
SKEW: Final = timedelta(minutes=2)
# More messages to one number since then are more than one page: then nothing is certain.
LOOKED_THROUGH: Final = 200
# A connection that broke after the request, or an answer that is none of Twilio's.
UNANSWERED: Final = (HTTPError, ValueError, KeyError, TypeError, AttributeError)


class TwilioGateway:
    """Hands messages to Twilio.

    Args:
        status_callback: the address that Twilio tells about deliveries, our reference appended. None for no
            callbacks: Twilio refuses messages with an address that is not public.
    """

    name = NAME

    def __init__(
        self,
        settings: TwilioSettings,
        outgoing: Outgoing,
        *,
        status_callback: str | None = None,
        clock: Clock | None = None,
        trace: Trace = unheard,
    ) -> None:
        self._status_callback = status_callback
        self._clock = clock or SystemClock()
        self._client = Client(
            settings.account_sid,
            settings.auth_token.reveal(),
            http_client=_Transport(settings.base_url, outgoing, trace),
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
            raise SendRefused("retry", permanent=False) from None
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

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        """By number, date and exact text, which carries a personal link: Twilio cannot search for our id."""
        try:
            listed = self._client.messages.list(
                to=sms.recipient, date_sent_after=since - SKEW, limit=LOOKED_THROUGH
            )
            found = next((_report(each, str(each.sid)) for each in listed if each.body == sms.text), None)
        except (_NeverLeft, TwilioException, *UNANSWERED):
            return None
        certain = len(listed) < LOOKED_THROUGH and self._clock.now() >= since + LISTED_AFTER
        return found or (Absent() if certain else None)

    def _report(self, provider_id: str) -> DeliveryReport | None:
        try:
            return _report(self._client.messages(provider_id).fetch(), provider_id)
        except (_NeverLeft, TwilioException, *UNANSWERED):
            return None


def is_signed(settings: TwilioSettings, url: str, form: Any, signature: str) -> bool:
    """Whether Twilio sent this form to `url`: signed with one of our tokens.

    Args:
        url: the address as Twilio was told it, with its query: never built from what the request says.
        form: the fields, with `getlist` where one may come twice.
    """
    tokens = (settings.auth_token, settings.second_auth_token)
    return any(
        RequestValidator(token.reveal()).validate(url, form, signature)
        for token in tokens
        if token is not None and signature
    )


def state_report(provider_id: str, status: str, code: str | None) -> DeliveryReport | None:
    """A status in Twilio's words; None when it is none of them."""
    state = dialect(NAME).states.get(status)
    return None if state is None else DeliveryReport(provider_id, state, code)


def _report(message: Any, provider_id: str) -> DeliveryReport | None:
    code = None if message.error_code is None else str(message.error_code)
    return state_report(provider_id, str(message.status), code)


class _NeverLeft(Exception):
    """No connection came about, so no request was sent."""


class _Transport:
    """What the SDK needs of an HTTP client, on urllib3, against a base address of our choice."""

    def __init__(self, base_url: str, outgoing: Outgoing, trace: Trace) -> None:
        self._base_url = base_url.rstrip("/")
        self._trace = trace
        self._pool = pool_for(base_url, outgoing)

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
        # The SDK's next page names its query in the address itself.
        query = urlencode(params, doseq=True) if params else urlsplit(url).query
        address = f"{self._base_url}{urlsplit(url).path}{'?' if query else ''}{query}"
        body = urlencode(data, doseq=True) if data else None
        try:
            answer = self._pool.request(
                method, address, body=body, headers={**(headers or {}), **credentials}, redirect=False
            )
        except NEVER_LEFT:
            raise _NeverLeft from None
        said = answer.data.decode("utf-8", "replace")
        self._trace(Exchange(f"{method} {address}", "\n".join(_lines(data)), answer.status, said))
        return Response(answer.status, said, answer.headers)


def _lines(data: Mapping[str, object] | None) -> list[str]:
    return [f"{name}: {value}" for name, value in (data or {}).items()]


def _failure(problem: TwilioException) -> SendRefused | SendUnknown:
    """A 4xx is a refusal. Anything else may have been taken: after a 5xx, Twilio says, a retry may double."""
    status = getattr(problem, "status", None)
    if not isinstance(status, int) or not 400 <= status < 500 or status == 408:
        return SendUnknown(f"status {status}")
    code = getattr(problem, "code", None)
    if code == status:
        # What the SDK says when the body was not Twilio's.
        code = CODE_OF_STATUS.get(status)
    provider_code = None if code is None else str(code)
    meaning = meaning_of(NAME, provider_code)
    return SendRefused(meaning.code, permanent=meaning.permanent, provider_code=provider_code)
