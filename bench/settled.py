"""What a year costs to settle as outlets double: visits of 79 items in four waves, ranks, phases, money."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from server.fieldwork.definitions.shipping import shipped
from server.scoring.settling.settlement import settle

OUTLETS = (300, 600, 1200)
WAVES = {"Q1": "02", "Q2": "05", "Q3": "08", "Q4": "11"}
PHASES = ("rectify", "comply", "excel")
ITEMS = 79
OUTLETS_OF_A_DISTRICT = 40
# The scheme with the most rules that every outlet meets.
PROGRAMME = "postal-service-upgrade"


@dataclass(frozen=True, slots=True)
class Settled:
    """One size: processor seconds of `settle`, with the facts read from JSON already."""

    outlets: int
    lines: int
    seconds: float
    ledger: int


def measure(sizes: Sequence[int] = OUTLETS) -> list[Settled]:
    """Settle a year of each size once."""
    (definition,) = [file.content for file in shipped("programmes") if file.key == PROGRAMME][-1:]
    found = []
    for outlets in sizes:
        facts = a_year(outlets)
        start = time.process_time()
        settlement = settle(definition, facts)
        seconds = time.process_time() - start
        found.append(Settled(outlets, outlets * len(WAVES) * ITEMS, seconds, len(settlement.ledger)))
    return found


def a_year(outlets: int) -> dict[str, Any]:
    """The facts of one year."""
    chance = random.Random(1)
    return {
        "asOf": "2026-12-31",
        "parameters": {"missing_items": "100"},
        "subjects": list(_subjects(outlets)),
        "indicators": list(_ranks(outlets)),
        "scores": [_score(chance, outlet, wave) for outlet in range(outlets) for wave in WAVES],
    }


def _subjects(outlets: int) -> Iterator[dict[str, Any]]:
    yield {"id": "county", "kind": "county"}
    for outlet in range(outlets):
        if outlet % OUTLETS_OF_A_DISTRICT == 0:
            district = f"d{outlet // OUTLETS_OF_A_DISTRICT}"
            manager = {"manager": f"p-{district}"}
            yield {"id": district, "kind": "sub_branch", "parent": "county", "roles": manager}
        yield {"id": f"o{outlet}", "kind": "outlet", "parent": district}


def _ranks(outlets: int) -> Iterator[dict[str, Any]]:
    """The province's list, without which nobody knows who is exempt."""
    for outlet in range(outlets):
        for phase in PHASES:
            where = {"subject": f"o{outlet}", "period": f"2026/{phase}"}
            yield {"name": "province_rank", **where, "value": outlet + 1}


def _score(chance: random.Random, outlet: int, wave: str) -> dict[str, Any]:
    lost = [chance.choice((0, 0, 0, 0, 0, 0, 1, 2)) for _ in range(ITEMS)]
    return {
        "id": f"v{outlet}-{wave}",
        "instrument": "mystery",
        "subject": f"o{outlet}",
        "wave": f"2026{wave}",
        "date": f"2026-{WAVES[wave]}-{chance.randint(1, 28):02d}",
        "earned": str(300 - sum(lost)),
        "possible": "300",
        "lines": [{"item": f"i{item}", "lost": str(points)} for item, points in enumerate(lost)],
    }
