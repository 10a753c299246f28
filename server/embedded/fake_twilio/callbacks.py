"""Callbacks as Twilio makes them: form-encoded, signed over the address they were asked for."""

import base64
import hmac
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from server.embedded.fake_twilio.scenario import FINAL, Rule
from server.embedded.fake_twilio.state import Held

# Twilio waits longer; a laptop's server answers at once or not at all.
TIMEOUT = Timeout(connect=2.0, read=10.0)
SENDERS = 16


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the address and the fields in the order of their names, in base64."""
    signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


class Callbacks:
    """Tells what becomes of messages, each message's news in its own order."""

    def __init__(self, account: str, token: str) -> None:
        self._account = account
        self._token = token
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=SENDERS)
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="callback")
        self._stopped = threading.Event()

    def play(self, held: Held, rule: Rule) -> None:
        """Begin to tell what the rule says."""
        if rule.callbacks:
            self._senders.submit(self._tell_all, held, rule)

    def stop(self) -> None:
        self._stopped.set()
        self._senders.shutdown(wait=True, cancel_futures=True)
        self._pool.clear()

    def _tell_all(self, held: Held, rule: Rule) -> None:
        for number, status in enumerate(rule.callbacks):
            if self._stopped.wait(rule.callback_gap if number else rule.callback_after):
                return
            # A state that is told late is still what it was: fetching shows the last word.
            if held.status not in FINAL or status in FINAL:
                held.status = status
            held.error_code = rule.error_code if held.status in {"undelivered", "failed"} else None
            for _ in range(rule.repeat):
                self.tell(held, status, rule.error_code)

    def tell(self, held: Held, status: str, code: int | None) -> int | None:
        """One callback; the status of its answer, None when there was none or nobody to tell."""
        if held.callback is None:
            return None
        fields = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "From": held.sender,
            "MessageSid": held.sid,
            "MessageStatus": status,
            "SmsSid": held.sid,
            "SmsStatus": status,
            "To": held.to,
        }
        if code is not None and status in {"undelivered", "failed"}:
            fields["ErrorCode"] = str(code)
        answered = self.post(held.callback, fields)
        held.told.append(f"{status} {answered}")
        return answered

    def reply(self, url: str, sid: str, sender: str, to: str, body: str) -> int | None:
        """An inbound message; the status of the answer."""
        fields = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": sender,
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": to,
        }
        return self.post(url, fields)

    def post(self, url: str, fields: Mapping[str, str]) -> int | None:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(self._token, url, fields),
        }
        try:
            answer = self._pool.request("POST", url, body=urlencode(fields), headers=headers, redirect=False)
        except (HTTPError, ValueError):
            return None
        return int(answer.status)
