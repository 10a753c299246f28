"""Receipts and replies that a gateway brings by itself, once it has shown that it is the gateway."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Literal, TypeAlias

from server.config import Secret
from server.notify.gateways.declarative.description import Description, Proof, Pushed
from server.notify.gateways.declarative.digests import digest
from server.notify.gateways.declarative.items import Portion, receipt_in, reply_in
from server.notify.gateways.declarative.trees import NotReadable, items_in, text_at, tree_of
from server.wire import Json

What: TypeAlias = Literal["receipts", "replies"]


class Unproven(Exception):
    """Somebody else, for all that can be seen."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A call of the gateway as it came; `address` is what the outermost of our own proxies saw."""

    body: bytes
    query: bytes
    headers: Mapping[str, str]
    address: str


class Push:
    """How one gateway brings receipts or replies."""

    def __init__(
        self, what: What, pushed: Pushed, description: Description, secrets: Mapping[str, Secret]
    ) -> None:
        self._what = what
        self._pushed = pushed
        self._description = description
        self._secrets = secrets
        self.method = pushed.method
        self.answer = pushed.answer
        self.answer_type = pushed.answer_type

    def read(self, knock: Knock, now: datetime) -> Portion:
        """What it brings.

        Raises:
            Unproven: when a proof is missing or wrong, or when there is nothing to read a proof from.
            NotReadable: when the gateway itself sent something that is not in its format.
        """
        # Addresses and headers first: they cost nothing, and what strangers send is not even read.
        early = [proof for proof in self._pushed.proofs if not self._needs_fields(proof)]
        late = [proof for proof in self._pushed.proofs if self._needs_fields(proof)]
        self._prove(early, knock, None)
        content = knock.query if self.method == "GET" else knock.body
        try:
            tree = tree_of(content, self._pushed.listing.reading)
        except NotReadable:
            if late:
                raise Unproven from None
            raise
        self._prove(late, knock, tree)
        return self._portion(tree, now)

    def _portion(self, tree: Json, now: datetime) -> Portion:
        listing, portion = self._pushed.listing, Portion()
        for item in items_in(tree, listing.items):
            if self._what == "receipts":
                portion.add_receipt(receipt_in(item, listing, self._description))
            else:
                portion.add_reply(reply_in(item, listing, now))
        return portion

    def _needs_fields(self, proof: Proof) -> bool:
        parts = [proof.value] if proof.digest is None else [proof.digest.over, proof.digest.key]
        named = [name for part in parts if part is not None for name in part.names]
        return proof.field is not None or any(name.startswith("field.") for name in named)

    def _prove(self, proofs: list[Proof], knock: Knock, tree: Json) -> None:
        headers = {name.lower(): value for name, value in knock.headers.items()}
        for proof in proofs:
            if not (
                _is_near(proof, knock.address) if proof.networks else self._holds(proof, knock, headers, tree)
            ):
                raise Unproven

    def _holds(self, proof: Proof, knock: Knock, headers: Mapping[str, str], tree: Json) -> bool:
        def value(name: str) -> str:
            kind, _, plain = name.partition(".")
            if kind == "secret":
                return self._secrets[plain].reveal()
            found = headers.get(plain.lower()) if kind == "header" else text_at(tree, f"/{plain}")
            return found or ""

        def data(name: str) -> bytes:
            return knock.body if name == "body" else value(name).encode(encoding, "replace")

        encoding = self._pushed.listing.reading.encoding
        given = headers.get((proof.header or "").lower()) if proof.header else text_at(tree, proof.field)
        if proof.digest is not None:
            expected = digest(proof.digest, data, encoding)
        else:
            expected = proof.value.filled(value) if proof.value else ""
        # Hex is hex in either case.
        if proof.digest is not None and proof.digest.written != "base64":
            given, expected = (given or "").lower(), expected.lower()
        return bool(given) and hmac.compare_digest(str(given).encode(), expected.encode())


def _is_near(proof: Proof, address: str) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    # A socket that listens for both kinds shows the older one inside the newer.
    peer = (peer.ipv4_mapped if isinstance(peer, IPv6Address) else None) or peer
    return any(peer in network for network in proof.networks)
