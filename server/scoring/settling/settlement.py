"""The settlement of a programme: a pure function of its definition and the facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from server import wire
from server.scoring.arithmetic import Value
from server.scoring.exact import exact_text
from server.scoring.programmes.compiling import compile_programme
from server.scoring.settling.entries import Deed, Entry, Json, LedgerLine, Open
from server.scoring.settling.fact_reading import read_facts
from server.scoring.settling.facts import Waiver
from server.scoring.settling.ground import Ground
from server.scoring.settling.numbers import compute
from server.scoring.settling.rules import Firing
from server.scoring.settling.scopes import World


@dataclass(frozen=True, slots=True)
class Settlement:
    """All numbers, ledger lines, deeds and open decisions. `fingerprint` is the definition's."""

    world: World
    entries: tuple[Entry, ...]
    fingerprint: str

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """Rewards and penalties, but those that were waived."""
        waivers = self.world.ground.facts.waivers
        return tuple(line for line in self._fired if line.about.id not in waivers)

    @property
    def waived(self) -> tuple[LedgerLine, ...]:
        """Lines whose rules fired and that an appeal took away."""
        waivers = self.world.ground.facts.waivers
        return tuple(line for line in self._fired if line.about.id in waivers)

    @property
    def _fired(self) -> Iterator[LedgerLine]:
        return (entry for entry in self.entries if isinstance(entry, LedgerLine))

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """What is to be done."""
        return tuple(entry for entry in self.entries if isinstance(entry, Deed))

    @property
    def open(self) -> tuple[Open, ...]:
        """What a person has still to decide."""
        return tuple(entry for entry in self.entries if isinstance(entry, Open))

    @property
    def readings(self) -> Mapping[str, str]:
        """The readings of ambiguous clauses that any number or rule depends on."""
        programme, policies = self.world.ground.programme, self.world.ground.facts.policies
        used = frozenset().union(
            *(measure.readings for measure in programme.measures.values()),
            *(rule.readings for rule in programme.rules),
        )
        return {key: policies[key] for key in sorted(used, key=_register_place) if key in policies}

    def to_json(self) -> dict[str, Json]:
        """The whole settlement; the same definition and facts give the same bytes."""
        ground = self.world.ground
        facts, programme = ground.facts, ground.programme
        waived: Json = [{**line.to_json(), **_why(facts.waivers[line.about.id])} for line in self.waived]
        return {
            "programme": {"title": dict(programme.title), "hash": self.fingerprint},
            "facts": {
                "hash": facts.fingerprint,
                "asOf": facts.as_of.isoformat(),
                "year": str(facts.year),
            },
            "parameters": {name: _shown(value) for name, value in sorted(facts.parameters.items())},
            "readings": dict(self.readings),
            "measures": list(self._measures()),
            "ledger": [line.to_json() for line in self.ledger],
            "actions": [deed.to_json() for deed in self.deeds],
            "open": [each.to_json() for each in self.open],
            "totals": list(self._totals()),
            "deadlines": [
                {"name": deadline.name, "date": deadline.day.isoformat()}
                for deadline in programme.calendar.deadlines(facts.year)
            ],
            # Only where there are any: settlements that were stored before keep their bytes.
            **({"waived": waived} if waived else {}),
        }

    def _measures(self) -> Iterator[Json]:
        ground, cells = self.world.ground, self.world.cells
        for measure in ground.programme.measures.values():
            for subject in ground.of_kind.get(measure.of, ()):
                for period in ground.periods(measure.per, subject.id):
                    if cells.has(measure.name, subject.id, period.id):
                        cell = cells.get(measure.name, subject.id, period.id)
                        yield {
                            "measure": measure.name,
                            "subject": subject.id,
                            "period": period.id,
                            **cell.to_json(),
                        }

    def _totals(self) -> Iterator[Json]:
        sums: dict[tuple[str, str, str, str], Decimal] = {}
        for line in self.ledger:
            key = (line.payee.kind, line.payee.id, line.unit, line.direction)
            sums[key] = sums.get(key, Decimal(0)) + line.amount
        for (kind, payee, unit, direction), amount in sorted(sums.items()):
            yield {
                "payee": {"kind": kind, "id": payee},
                "unit": unit,
                "direction": direction,
                "amount": f"{amount:f}",
            }


def settle(definition: object, facts: object) -> Settlement:
    """Settle a programme.

    Raises:
        ProgrammeInvalid: when the definition contradicts itself.
        FactsInvalid: when the facts cannot be read, or a parameter without a default is not set.
    """
    programme = compile_programme(definition)
    world = compute(Ground(programme, read_facts(programme, facts)))
    fingerprint = wire.fingerprint(definition) if isinstance(definition, dict) else ""
    return Settlement(world, tuple(Firing(world).entries()), fingerprint)


def _why(waiver: Waiver) -> dict[str, Json]:
    return {"waivedBy": waiver.by, "reason": waiver.reason}


def _register_place(key: str) -> int:
    return int(key.removeprefix("A"))


def _shown(value: Value) -> Json:
    if value is None or isinstance(value, str | bool):
        return value
    return [_shown(each) for each in value] if isinstance(value, list) else exact_text(value)
