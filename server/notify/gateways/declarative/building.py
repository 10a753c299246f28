"""What parts of a description demand of each other, and the description from the values that were read."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from server.notify.gateways.declarative.description import (
    Answer,
    Body,
    Description,
    Digest,
    Listing,
    LookUp,
    Moment,
    Polled,
    Proof,
    Pushed,
    Reading,
    Request,
    Tree,
)
from server.notify.gateways.declarative.digests import KEYED
from server.notify.gateways.declarative.problems import GatewayReport
from server.notify.gateways.declarative.templates import Template
from server.notify.gateways.declarative.vocabulary import BODY
from server.notify.gateways.meanings import CARRIERS

Values = dict[str, Any]

DIGEST: Final = "digest."
BODIES: Final[tuple[Body, ...]] = ("form", "json", "xml")
NONCE: Final = 16
NEEDED: Final = {"receipts": ("code",), "replies": ("sender", "text"), "find": ("code",)}


def check(report: GatewayReport, values: Values, told: Collection[str]) -> None:
    """Report what is wrong between the parts."""
    _check_digests(report, values.get("digests", {}))
    signing_bodies = _over_bodies(values.get("digests", {}))
    for request in _requests(values):
        _check_request(report, request, signing_bodies)
    send = values.get("send", {})
    _check_texts(report, send, told)
    for reading in (send.get("answer"), *(part for _, part in _listings(values))):
        if reading and (reading.get("format") == "regex") != ("pattern" in reading):
            report.error(reading[""], "property_needs", property="pattern", needs="format: regex")
    for what, listing in _listings(values):
        for name in NEEDED[what]:
            if "fields" in listing and name not in listing["fields"]:
                report.error(f"{listing['']}/fields", "property_missing", property=name)
        if what == "receipts" and not {"id", "reference"} & set(listing.get("fields", ())):
            report.error(f"{listing['']}/fields", "property_missing", property="reference")
        for proof in listing.get("proofs", ()):
            _check_proof(report, proof)


def _check_digests(report: GatewayReport, digests: dict[str, Values]) -> None:
    known: set[str] = set()
    for name, values in digests.items():
        _check_key(report, values)
        for used in _used(values):
            if used.startswith(DIGEST) and used.removeprefix(DIGEST) not in known:
                report.error(values[""], "gateway_digest_later", name=used)
        known.add(name)


def _check_key(report: GatewayReport, values: Values) -> None:
    algorithm = values.get("algorithm")
    if algorithm is not None and algorithm.startswith(KEYED) != ("key" in values):
        code = "gateway_key_needed" if algorithm.startswith(KEYED) else "gateway_key_unused"
        report.error(values[""], code, algorithm=algorithm)


def _over_bodies(digests: dict[str, Values]) -> set[str]:
    """The digests that take in the body, by way of others, too."""
    found: set[str] = set()
    for name, values in digests.items():
        if any(used == BODY or used in found for used in _used(values)):
            found.add(DIGEST + name)
    return found


def _check_request(report: GatewayReport, request: Values, signing_bodies: set[str]) -> None:
    bodies = [name for name in BODIES if name in request]
    if len(bodies) > 1 or (bodies and request.get("method") == "GET"):
        report.error(request[""], "gateway_either", options=("method: GET", *BODIES))
    inside = {name for part in (*BODIES, "query") for name in _names_in(request.get(part))}
    if inside & (signing_bodies | {BODY}):
        report.error(request[""], "gateway_body_signs_itself")


def _check_texts(report: GatewayReport, send: Values, told: Collection[str]) -> None:
    request, answer = send.get("request"), send.get("answer")
    if request is not None:
        used = {name for part in (*BODIES, "query", "url") for name in _names_in(request.get(part))}
        for name in told:
            if not any(each == name or each.startswith(f"{name}.") for each in used):
                report.error(request[""], "gateway_without_text", name=name)
    if answer is not None and ("code" in answer) != ("success" in answer):
        report.error(answer[""], "property_needs", property="code", needs="success")
    if answer is not None and not {"code", "id"} & set(answer):
        report.error(answer[""], "gateway_either", options=("code", "id"))


def _check_proof(report: GatewayReport, proof: Values) -> None:
    if "digest" in proof:
        _check_key(report, proof["digest"])
    placed = [name for name in ("header", "field") if name in proof]
    if len(placed) != (0 if "networks" in proof else 1):
        report.error(proof[""], "gateway_either", options=("header", "field"))
    proving = _names_in(proof.get("value")) if "value" in proof else _used(proof.get("digest", {}))
    # Without a secret in it, anybody can make it.
    if "networks" not in proof and not any(name.startswith("secret.") for name in proving):
        report.error(proof[""], "gateway_unproven")


def _used(digest: Values) -> list[str]:
    return [name for part in ("over", "key") for name in _names_in(digest.get(part))]


def _names_in(part: Any) -> Iterator[str]:
    if isinstance(part, Template):
        yield from part.names
    elif isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _names_in(each)


def _requests(values: Values) -> Iterator[Values]:
    asking = [values.get("send"), values.get("find")]
    asking += [values.get(what, {}).get("polled") for what in ("receipts", "replies")]
    yield from (each["request"] for each in asking if each and "request" in each)


def _listings(values: Values) -> Iterator[tuple[str, Values]]:
    if "find" in values:
        yield "find", values["find"]
    for what in ("receipts", "replies"):
        yield from ((what, part) for name, part in values.get(what, {}).items() if name)


def built(values: Values) -> Description:
    """The description; nothing is wrong with the values any more."""
    text = values.get("text", {})
    return Description(
        title=values.get("title", ""),
        dialect=values.get("dialect", CARRIERS),
        codes=values.get("codes", {}),
        states=values.get("states", {}),
        timestamp=_moment(values.get("timestamp")),
        nonce=int(values.get("nonce", NONCE)),
        digests={name: _digest(each) for name, each in values.get("digests", {}).items()},
        per_second=values.get("per_second"),
        without_signature=text.get("without_signature", False),
        longest=text.get("longest"),
        request=_request(values["send"]["request"]),
        answer=_answer(values["send"]["answer"], values["send"]["request"]),
        find=_find(values.get("find")),
        receipts=_brought(values.get("receipts")),
        replies=_brought(values.get("replies")),
    )


def _moment(values: Values | None) -> Moment:
    return Moment(**{name: value for name, value in (values or {}).items() if name})


def _digest(values: Values) -> Digest:
    return Digest(values["algorithm"], values["over"], values.get("key"), values.get("as", "hex"))


def _request(values: Values) -> Request:
    body: Body = next((name for name in BODIES if name in values), "none")
    content: Tree = values.get("json")
    return Request(
        method=values.get("method", "GET" if body == "none" else "POST"),
        url=values["url"],
        encoding=values.get("encoding", "utf-8"),
        headers=values.get("headers", {}),
        body=body,
        query=values.get("query", {}),
        form=values.get("form", {}),
        content=content,
        template=values.get("xml"),
    )


def _reading(values: Values, encoding: str = "utf-8") -> Reading:
    return Reading(values["format"], values.get("encoding", encoding), values.get("pattern"))


def _answer(values: Values, request: Values) -> Answer:
    reading = _reading(values, request.get("encoding", "utf-8"))
    return Answer(reading, values.get("id"), values.get("code"), frozenset(values.get("success", ())))


def _listing(values: Values, encoding: str = "utf-8") -> Listing:
    at = _moment(values.get("at"))
    return Listing(_reading(values, encoding), values.get("items", ""), values["fields"], at)


def _find(values: Values | None) -> LookUp | None:
    if values is None:
        return None
    request = _request(values["request"])
    certain = values.get("certain_after")
    return LookUp(request, _listing(values, request.encoding), None if certain is None else int(certain))


def _brought(values: Values | None) -> Pushed | Polled | None:
    if values is None:
        return None
    if "polled" in values:
        part = values["polled"]
        request = _request(part["request"])
        return Polled(request, _listing(part, request.encoding), part.get("until_empty", False))
    part = values["pushed"]
    answer = part.get("answer", {})
    return Pushed(
        method=part.get("method", "POST"),
        listing=_listing(part),
        proofs=tuple(_proof(each) for each in part["proofs"]),
        answer=answer.get("body", "ok"),
        answer_type=answer.get("type", "text/plain; charset=utf-8"),
    )


def _proof(values: Values) -> Proof:
    return Proof(
        header=values.get("header"),
        field=values.get("field"),
        value=values.get("value"),
        digest=_digest(values["digest"]) if "digest" in values else None,
        networks=values.get("networks", ()),
    )
