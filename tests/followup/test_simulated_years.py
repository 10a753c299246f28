"""A year of two schemes as their people live it, to an end that was computed by hand.

Findings are written down and decided about on their days, every month is settled and orders follow; scores
and numbers come when they are known. The last settlement must be that of the worked sample, and the ledger's
lines, with everything that was taken back on the way, must add up to it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, insert, select

from server.db import new_id
from server.fieldwork.definitions.programmes import find_programme
from server.followup.finding_log.deciding import NewFinding
from server.followup.finding_log.recording import decide, record
from server.followup.orders.issuing import issue_due
from server.followup.orders.reminding import remind
from server.followup.settlements import NewSettlement, make_settlement, result_of
from server.intake.shelf import FormShelf
from server.models.orders import OrderItem, RectificationOrder
from server.models.organisation import Subject, Unit
from server.models.settlements import LedgerLine, Settlement
from server.scope import EVERYTHING
from server.scoring.settling.settlement import settle
from tests.schemes.test_samples import newest, read, shown_wrong

END = date(2026, 12, 31)
DAY = timedelta(days=1)
WRITER, DECIDER = "account:writer", "account:decider"
DATED = ("scores", "findings", "duties")
LEVELS = {"county": "district", "sub_branch": "sub_branch", "outlet": "outlet"}
OF_A_PERIOD = ("measures", "ledger")


def moment(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def month_ends() -> list[date]:
    return [date(2026, month + 1, 1) - DAY for month in range(1, 12)] + [END]


def until(facts: Mapping[str, Any], day: date) -> dict[str, Any]:
    """A sample's facts as far as they are known on a day."""
    known = {**facts, "asOf": day.isoformat()}
    for name in DATED:
        known[name] = [row for row in facts.get(name, []) if row["date"] <= day.isoformat()]
    known["waves"] = [row for row in facts.get("waves", []) if row["from"] <= day.isoformat()]
    known["deliveries"] = [row for row in facts.get("deliveries", []) if row["at"][:10] <= day.isoformat()]
    if day < END:
        # Counted once the year is over.
        known.pop("indicators", None)
    listed = {row["id"] for row in known["findings"]}
    decided = facts.get("decisions", [])
    known["decisions"] = [row for row in decided if row.get("finding") in listed]
    return {name: value for name, value in known.items() if value or name in DATED}


class Year:
    """A scheme with its subjects, and the log's names for the sample's findings."""

    def __init__(self, connection: Connection, key: str) -> None:
        self.connection, self.key = connection, key
        self.sample = until(read(key, "facts.json"), END)
        self.content = newest()[key].content
        self.names: dict[str, UUID] = {}
        for row in self.sample["subjects"]:
            self._add_subject(row)

    def write_down(self, row: Mapping[str, Any]) -> None:
        """On its day; decided about on the day after, and perhaps once more."""
        day = date.fromisoformat(row["date"])
        version = find_programme(self.connection, self.key, EVERYTHING)
        numbers = {name: Decimal(row[name]) for name in ("points", "amount") if name in row}
        words = {name: row[name] for name in ("kind", "section", "person", "source") if name in row}
        due = row.get("fields", {}).get("due")
        new = NewFinding(
            row["subject"],
            day,
            "见记录",
            item=row.get("code", row.get("item", "")),
            due=date.fromisoformat(due) if due else None,
            **numbers,
            **words,
        )
        finding_id = record(self.connection, version, new, EVERYTHING, by=WRITER, now=moment(day))
        self.names[row["id"]] = finding_id
        verdicts = {
            "confirmed": ["confirmed"],
            "rejected": ["rejected"],
            "overturned": ["confirmed", "rejected"],
        }
        for verdict in verdicts.get(row["status"], []):
            doing = {"by": DECIDER, "now": moment(day + DAY)}
            decide(self.connection, finding_id, (verdict, "核实"), EVERYTHING, **doing)

    def settle(self, day: date) -> dict[str, Any]:
        """With whatever has no table here as a file laid over; the findings come from the log."""
        extra = {**until(self.sample, day), "findings": [], "policies": self.sample.get("policies", {})}
        extra["decisions"] = [self._decision(row) for row in extra.get("decisions", [])]
        for name in ("asOf", "year"):
            extra.pop(name, None)
        made = make_settlement(
            self.connection, NewSettlement(self.key, day, extra=extra), EVERYTHING, by=WRITER, now=moment(day)
        )
        issue_due(self.connection, FormShelf(), now=moment(day))
        remind(self.connection, now=moment(day))
        return result_of(self.connection, made.id, EVERYTHING)

    def by_sample_names(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """A result in which findings are called as in the sample."""
        told = json.dumps(result)
        for name, finding_id in self.names.items():
            told = told.replace(f"log/{finding_id}", name)
        renamed: Mapping[str, Any] = json.loads(told)
        return renamed

    def _decision(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "finding": f"log/{self.names[row['finding']]}"}

    def _add_subject(self, row: Mapping[str, Any]) -> None:
        if row["kind"] == "bank":
            values = {"id": new_id(), "code": row["id"], "kind": "bank", "name": row["name"]}
            self.connection.execute(insert(Subject).values(**values))
        elif row["kind"] in LEVELS:
            above = self.connection.execute(
                select(Unit.id, Unit.path).where(Unit.code == row.get("parent", ""))
            ).first()
            unit_id, path = new_id(), f"{above.path if above else ''}{row['id']}/"
            self.connection.execute(
                insert(Unit).values(
                    id=unit_id, code=row["id"], name=row["name"], level=LEVELS[row["kind"]], path=path,
                    parent_id=above.id if above else None, attributes={"kind": row["kind"]},
                    created_at=moment(date(2026, 1, 1)),
                )
            )  # fmt: skip
            values = {
                "id": new_id(),
                "code": row["id"],
                "kind": "unit",
                "name": row["name"],
                "unit_id": unit_id,
            }
            self.connection.execute(insert(Subject).values(**values))


def lived(year: Year) -> Iterator[dict[str, Any]]:
    """Each month: what was found, then what it comes to."""
    start = date.min
    for day in month_ends():
        for row in sorted(year.sample["findings"], key=lambda each: str(each["date"])):
            if start.isoformat() < row["date"] <= day.isoformat():
                year.write_down(row)
        start = day
        yield year.settle(day)


@pytest.mark.parametrize("key", ["treasury-agent-banks", "postal-service-upgrade"])
def test_a_year_ends_where_it_was_computed_to_end(connection: Connection, key: str) -> None:
    year = Year(connection, key)
    *_, last = lived(year)
    found = year.by_sample_names(last)
    whole = settle(year.content, year.sample).to_json()
    expected = read(key, "expected.json")
    wrong = [line for name in OF_A_PERIOD for line in shown_wrong(name, expected[name], found[name])]
    wrong += [line for name in OF_A_PERIOD for line in shown_wrong(name, _plain(whole[name]), found[name])]
    assert not wrong, "\n".join(wrong)
    assert len(found["ledger"]) == len(whole["ledger"])
    assert _sums(connection) == _sums_of(found["ledger"]), "what was taken back on the way adds up"
    assert connection.scalar(select(func.count()).select_from(Settlement)) == len(month_ends())


def test_orders_of_a_year_are_what_its_rules_ask_for(connection: Connection) -> None:
    year = Year(connection, "treasury-agent-banks")
    *_, last = lived(year)
    wanted = sorted(row["subject"] for row in last["actions"] if row["do"].startswith("order_"))
    codes = connection.scalars(
        select(Subject.code)
        .join(RectificationOrder, RectificationOrder.subject_id == Subject.id)
        .join(OrderItem, OrderItem.order_id == RectificationOrder.id)
        .where(OrderItem.state == "open")
    )
    assert sorted(codes) == wanted


def _plain(rows: Any) -> Any:
    return json.loads(json.dumps(rows))


def _sums(connection: Connection) -> Mapping[str, Decimal]:
    rows = connection.execute(
        select(LedgerLine.rule, func.sum(LedgerLine.amount)).group_by(LedgerLine.rule)
    ).all()
    return {rule: amount for rule, amount in rows if amount}


def _sums_of(ledger: Any) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in ledger:
        sums[row["rule"]] = sums.get(row["rule"], Decimal(0)) + Decimal(row["amount"])
    return sums
