"""Slips in the description of a gateway, each named at its place."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from server.notify.gateways.declarative.problems import GatewayInvalid
from server.notify.gateways.declarative.reading import lint_gateway, read_gateway

EXAMPLES = Path(__file__).resolve().parents[4] / "docs" / "outreach" / "gateways"
REQUEST = "/send/request"


def example(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return content


def changed(name: str, pointer: str, value: object) -> dict[str, Any]:
    """An example with something else, or nothing (None), at one place."""
    definition = copy.deepcopy(example(name))
    *way, last = pointer.split("/")[1:]
    at: Any = definition
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is None:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return definition


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_nothing_is_wrong_with_the_examples(path: Path) -> None:
    assert lint_gateway(json.loads(path.read_text("utf-8"))) == ()


SIGNED_BODY = {"algorithm": "md5", "over": "{body}"}
PUSHED = "/receipts/pushed"
PROOF = f"{PUSHED}/proofs/0"
TS = f"{REQUEST}/form/ts"
FOUND_BY = "/find/request/query/outId"
FETCHED_BY = "/receipts/polled/request/xml"
UNKNOWN = "gateway_variable_unknown"
FORM, JSON, XML = "form-gbk-md5", "json-hmac-pushed", "xml-polled"


@pytest.mark.parametrize(
    ("name", "pointer", "value", "found"),
    [
        (FORM, "/sned", {}, ("/sned", "property_unknown")),
        (FORM, "/send", None, ("", "property_missing")),
        (FORM, "/dialect", "morse", ("/dialect", "property_choice")),
        (FORM, "/per_second", 0, ("/per_second", "property_range")),
        (FORM, "/per_second", True, ("/per_second", "property_type")),
        (FORM, "/timestamp/zone", "Asia/Jiangcheng", ("/timestamp/zone", "gateway_zone")),
        (FORM, "/codes/throttled", ["-4"], ("/codes/invalid_number", "gateway_code_twice")),
        (FORM, "/codes/tired", ["7"], ("/codes/tired", "gateway_word_unknown")),
        (FORM, f"{REQUEST}/url", "ftp://x/", (f"{REQUEST}/url", "gateway_address")),
        (FORM, f"{REQUEST}/url", "https://{text}/", (f"{REQUEST}/url", "gateway_address")),
        (FORM, f"{REQUEST}/url", "https://a@b/", (f"{REQUEST}/url", "gateway_address")),
        (FORM, f"{REQUEST}/encoding", "big5", (f"{REQUEST}/encoding", "property_choice")),
        (FORM, TS, "{now}", (TS, UNKNOWN)),
        (FORM, TS, "{", (TS, "gateway_braces")),
        (FORM, TS, "{digest.x}", (TS, "gateway_digest_unknown")),
        (FORM, TS, "{secret.OLD}", (TS, "gateway_secret_missing")),
        (FORM, f"{REQUEST}/form/mobile", "1", (REQUEST, "gateway_without_text")),
        (FORM, f"{REQUEST}/xml", "<a/>", (REQUEST, "gateway_either")),
        (FORM, f"{REQUEST}/method", "GET", (REQUEST, "gateway_either")),
        (FORM, f"{REQUEST}/headers", {"X:Y": "1"}, (f"{REQUEST}/headers/X:Y", "gateway_header")),
        (FORM, f"{REQUEST}/headers", {"X": "{text}"}, (f"{REQUEST}/headers/X", "gateway_header")),
        (FORM, "/digests/sign", SIGNED_BODY, (REQUEST, "gateway_body_signs_itself")),
        (FORM, "/digests/password/over", "{digest.sign}", ("/digests/password", "gateway_digest_later")),
        (FORM, "/digests/sign/key", "k", ("/digests/sign", "gateway_key_unused")),
        (JSON, "/digests/body/key", None, ("/digests/body", "gateway_key_needed")),
        (FORM, "/send/answer/pattern", "(", ("/send/answer/pattern", "gateway_pattern")),
        (FORM, "/send/answer/pattern", "^ok$", ("/send/answer/pattern", "gateway_pattern")),
        (FORM, "/send/answer/pattern", None, ("/send/answer", "property_needs")),
        (FORM, "/send/answer/code", "code", ("/send/answer/code", "gateway_place")),
        (FORM, "/send/answer/success", None, ("/send/answer", "property_needs")),
        (FORM, f"{PUSHED}/fields/code", None, (f"{PUSHED}/fields", "property_missing")),
        (FORM, f"{PUSHED}/fields/cdoe", "/x", (f"{PUSHED}/fields/cdoe", "property_unknown")),
        (FORM, f"{PUSHED}/proofs", [], (f"{PUSHED}/proofs", "property_type")),
        (FORM, f"{PROOF}/networks", ["10.0.0.0/33"], (f"{PROOF}/networks", "gateway_network")),
        (FORM, PROOF, {"header": "X"}, (PROOF, "gateway_either")),
        (FORM, PROOF, {"value": "{secret.PUSH}"}, (PROOF, "gateway_either")),
        (FORM, PROOF, {"header": "X", "value": "open sesame"}, (PROOF, "gateway_unproven")),
        (FORM, PROOF, {"header": "X", "digest": SIGNED_BODY}, (PROOF, "gateway_unproven")),
        (FORM, PROOF, {"header": "X", "value": "{text}"}, (f"{PROOF}/value", UNKNOWN)),
        (FORM, "/receipts", {"pushed": {}, "polled": {}}, ("/receipts", "gateway_either")),
        (JSON, FOUND_BY, "{text}", (FOUND_BY, UNKNOWN)),
        (XML, FETCHED_BY, "{reference}", (FETCHED_BY, UNKNOWN)),
    ],
)  # fmt: skip
def test_a_slip_is_named_at_its_place(name: str, pointer: str, value: object, found: tuple[str, str]) -> None:
    known = {"USER", "PASSWORD", "PUSH", "KEY", "APP"}
    with pytest.raises(GatewayInvalid) as caught:
        read_gateway(changed(name, pointer, value), known)
    assert found in [(each.pointer, each.code) for each in caught.value.problems]


@pytest.mark.parametrize(
    "definition", [None, [], "x", 1, {}, {"send": 1}, {"digests": 1}, {"send": {}}], ids=str
)
def test_what_is_no_description_at_all_is_refused(definition: object) -> None:
    assert lint_gateway(definition)
