"""What providers' codes mean to us: one data file a dialect, `meanings/<dialect>.json`.

A refusal whose code is not listed is for good: a message that was not taken for an unknown reason is shown to
people, not repeated. What may have arrived never gets a meaning here; it is `SendUnknown`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, cast, get_args

from server.notify.protocol import DeliveryState, RefusalCode

FOLDER: Final = Path(__file__).parent / "meanings"
# The dialect of a gateway by its name; banks' own gateways speak the carriers' codes.
DIALECTS: Final[Mapping[str, str]] = {"twilio": "twilio", "smtp": "smtp"}
CARRIERS: Final = "cmpp"
# Stands at the end of a listed code for "and whatever follows": carriers number their reasons without end.
ANYTHING: Final = "*"

# Whether handing the same message over again, soon and unchanged, is out of the question.
PERMANENT: Final[Mapping[RefusalCode, bool]] = {
    "misconfigured": False,
    "throttled": False,
    "retry": False,
    "invalid_number": True,
    "opted_out": True,
    "blocked_content": True,
    "blocked_country": True,
    "unreachable": True,
    "refused": True,
    "unknown": True,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """Our word for a code, and whether trying again could help."""

    code: RefusalCode
    permanent: bool


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of a kind of provider.

    Attributes:
        source: where the list comes from.
        states: the provider's word for a state -> ours.
        codes: code -> our word; one that ends in `*` stands for all that begin so, the longest wins.
    """

    source: str
    states: Mapping[str, DeliveryState]
    codes: Mapping[str, RefusalCode]

    def meaning(self, code: str) -> Meaning:
        """What a code means; `refused` when nobody listed it."""
        return meant(self.listed(code) or "refused")

    def listed(self, code: str) -> RefusalCode | None:
        """Our word for a code, None when nobody listed it."""
        if code in self.codes:
            return self.codes[code]
        starts = (code[:length] + ANYTHING for length in range(len(code), -1, -1))
        return next((self.codes[start] for start in starts if start in self.codes), None)


def meant(word: RefusalCode) -> Meaning:
    return Meaning(word, PERMANENT[word])


# A refusal without a code came from something in between, a proxy for instance: mend that and try again.
WITHOUT_CODE: Final = meant("misconfigured")


def meaning_of(gateway: str, code: str | None) -> Meaning:
    """What a gateway's code means, in a refusal as in a receipt.

    Args:
        gateway: its name, as `message.gateway` holds it.
    """
    return WITHOUT_CODE if code is None else dialect_of(gateway).meaning(code)


def dialect_of(gateway: str) -> Dialect:
    return dialect(DIALECTS.get(gateway, CARRIERS))


def dialects() -> list[str]:
    """The names of all dialects."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def dialect(name: str) -> Dialect:
    """A dialect by its name.

    Raises:
        ValueError: the file lists a code twice, or under a word that we do not have.
    """
    content = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    codes: dict[str, RefusalCode] = {}
    for word, listed in content["codes"].items():
        if word not in get_args(RefusalCode) or codes.keys() & listed.keys():
            raise ValueError(f"{name}.json: {word}")
        codes |= dict.fromkeys(listed, cast(RefusalCode, word))
    if not set(content["states"].values()) <= set(get_args(DeliveryState)):
        raise ValueError(f"{name}.json: states")
    return Dialect(content["source"], content["states"], codes)
