"""Messages through a gateway that a file describes."""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from urllib3.exceptions import HTTPError

from server.clock import Clock
from server.config import Secret
from server.notify.gateways.declarative.calls import Call, Caller
from server.notify.gateways.declarative.description import Description, Listing, Polled, Pushed, Request
from server.notify.gateways.declarative.items import Portion, meaning, receipt_in, reply_in, report_in
from server.notify.gateways.declarative.pushed import Push, What
from server.notify.gateways.declarative.trees import NotReadable, items_in, text_at, tree_of
from server.notify.gateways.exchanges import NEVER_LEFT, Exchange, Trace, pool_for, unheard
from server.notify.gateways.meanings import Meaning, meant
from server.notify.protocol import (
    Absent,
    Accepted,
    Collected,
    DeliveryReport,
    Found,
    OutgoingSms,
    SendRefused,
    SendUnknown,
)
from server.outgoing import Outgoing
from server.wire import Json

NAME: Final = "http"
# What a status means when the body gives no code of the gateway's.
OF_STATUS: Final[Mapping[int, Meaning]] = {
    **{status: meant("misconfigured") for status in (401, 403, 404, 405, 407)},
    429: meant("throttled"),
}
# One chore fetches so often at most: a gateway that always has more must not hold up the others.
MOST_PORTIONS: Final = 50
SIGNATURE: Final = re.compile(r"^【[^】]*】")


class HttpGateway:
    """Speaks to one described gateway.

    Args:
        secrets: by the names that the description uses.
    """

    name = NAME

    def __init__(
        self,
        description: Description,
        secrets: Mapping[str, Secret],
        outgoing: Outgoing,
        clock: Clock,
        *,
        trace: Trace = unheard,
    ) -> None:
        self.description = description
        self._secrets = secrets
        self._caller = Caller(description, secrets)
        self._clock = clock
        self._trace = trace
        self._outgoing = outgoing
        self._pace = _Pace(description.per_second)
        self._pool = pool_for(description.request.url.filled(lambda _: ""), outgoing)

    def send(self, sms: OutgoingSms) -> Accepted:
        prepared = self._prepared(sms)
        try:
            call = self._caller.call(self.description.request, self._clock.now(), prepared)
        except UnicodeEncodeError:
            raise SendRefused("blocked_content", permanent=True, provider_code="unencodable") from None
        self._pace.wait()
        try:
            status, body = self._ask(call)
        except NEVER_LEFT:
            raise SendRefused("retry", permanent=False) from None
        except (HTTPError, ValueError) as problem:
            raise SendUnknown(type(problem).__name__) from None
        return self._outcome(status, body, sms)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """Nothing: described gateways bring their receipts or keep them for `collect`."""
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        look_up = self.description.find
        if look_up is None:
            return None
        tree = self._tree(look_up.request, look_up.listing, sms)
        if tree is None:
            return None
        listing = look_up.listing
        named = "reference" in listing.fields
        for item in items_in(tree, listing.items):
            if not named or text_at(item, listing.fields["reference"]) in _written(sms.reference):
                return report_in(item, listing, self.description)
        if look_up.certain_after is None:
            return None
        certain = self._clock.now() >= since + timedelta(seconds=look_up.certain_after)
        return Absent() if certain else None

    def collect(self) -> Iterator[Collected]:
        for what, kept in (("receipts", self.description.receipts), ("replies", self.description.replies)):
            if isinstance(kept, Polled):
                yield from self._fetched(what, kept)

    def push(self, what: What) -> Push | None:
        """How receipts or replies are brought; None when they are not."""
        brought = self.description.receipts if what == "receipts" else self.description.replies
        return Push(what, brought, self.description, self._secrets) if isinstance(brought, Pushed) else None

    def _fetched(self, what: str, kept: Polled) -> Iterator[Collected]:
        for _ in range(MOST_PORTIONS if kept.until_empty else 1):
            tree = self._tree(kept.request, kept.listing)
            items = [] if tree is None else items_in(tree, kept.listing.items)
            if not items:
                return
            portion = Portion()
            for item in items:
                if what == "receipts":
                    portion.add_receipt(receipt_in(item, kept.listing, self.description))
                else:
                    portion.add_reply(reply_in(item, kept.listing, self._clock.now()))
            yield Collected(portion.receipts, portion.replies)

    def _tree(self, request: Request, listing: Listing, sms: OutgoingSms | None = None) -> Json:
        try:
            status, body = self._ask(self._caller.call(request, self._clock.now(), sms))
            return tree_of(body, listing.reading) if status == 200 else None
        except (HTTPError, ValueError):
            return None

    def _ask(self, call: Call) -> tuple[int, bytes]:
        answer = self._pool.request(
            call.method, call.url, body=call.body, headers=dict(call.headers), redirect=False
        )
        said = answer.data.decode(self.description.answer.reading.encoding, "replace")
        self._trace(Exchange(*call.shown, answer.status, said))
        return answer.status, answer.data

    def _prepared(self, sms: OutgoingSms) -> OutgoingSms:
        text = SIGNATURE.sub("", sms.text) if self.description.without_signature else sms.text
        if self.description.longest is not None and len(text) > self.description.longest:
            raise SendRefused("blocked_content", permanent=True, provider_code="too_long")
        return OutgoingSms(sms.reference, sms.recipient, text)

    def _outcome(self, status: int, body: bytes, sms: OutgoingSms) -> Accepted:
        """What an answer means. Whatever is not clearly a refusal may have been taken."""
        answer = self.description.answer
        try:
            tree = tree_of(body, answer.reading)
        except NotReadable:
            tree = None
        code, provider_id = text_at(tree, answer.code), text_at(tree, answer.id)
        if status >= 500 or not (200 <= status < 300 or 400 <= status < 500) or status == 408:
            raise SendUnknown(f"status {status}")
        if status >= 400:
            by_status = OF_STATUS.get(status, meant("refused"))
            raise _refused(meaning(code, self.description) if code else by_status, code or None)
        if answer.code is None:
            if not provider_id:
                raise SendUnknown("an answer without an id")
            return Accepted(provider_id)
        if code is None:
            raise SendUnknown("an answer without a code")
        if code not in answer.success:
            raise _refused(meaning(code, self.description), code)
        return Accepted(provider_id or sms.reference)


def _refused(meaning: Meaning, code: str | None) -> SendRefused | SendUnknown:
    if meaning.code == "unknown":
        return SendUnknown(f"code {code}")
    return SendRefused(meaning.code, permanent=meaning.permanent, provider_code=code)


def _written(reference: str) -> set[str]:
    return {reference, reference.replace("-", "")}


class _Pace:
    """Lets calls of this process begin at most so often a second."""

    def __init__(self, per_second: float | None) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may begin."""
        if not self._interval:
            return
        with self._lock:
            begins = max(time.monotonic(), self._next)
            self._next = begins + self._interval
        time.sleep(max(0.0, begins - time.monotonic()))
