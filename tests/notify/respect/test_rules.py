from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from server.errors import Refusal
from server.models.deployment import DeploymentFact
from server.notify.respect.hours import DecentHours
from server.notify.respect.rules import FACT, SendingRules, problems, read_rules, write_rules
from tests.notify.outbox.test_settling import NOW


def test_rules_come_back_as_they_were_kept(connection: Connection) -> None:
    assert read_rules(connection) == SendingRules()
    rules = SendingRules(
        hours=DecentHours(time(19, 30), time(10), (0, 1), holidays=True),
        price=Decimal("0.045"),
        monthly_cap=None,
        countries=(),
        asked_per_day=2,
    )
    assert write_rules(connection, rules.to_json(), by="account:a", now=NOW) == rules
    assert read_rules(connection) == rules


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"price": "-0.01"}, ["/price"]),
        ({"price": 0.05}, ["/price"]),
        ({"price": "NaN"}, ["/price"]),
        ({"monthly_cap": "Infinity"}, ["/monthly_cap"]),
        ({"blocked_share": "1.01"}, ["/blocked_share"]),
        ({"quiet_from": "08:00"}, ["/quiet_from"]),
        ({"quiet_from": None}, ["/quiet_from"]),
        ({"quiet_from": "later"}, ["/quiet_from"]),
        ({"weekdays": [7]}, ["/weekdays"]),
        ({"weekdays": [True]}, ["/weekdays"]),
        ({"holidays": "yes"}, ["/holidays"]),
        ({"countries": ["+86"]}, ["/countries"]),
        ({"asked_per_day": 0, "kept_months": 3}, ["/asked_per_day", "/kept_months"]),
        ({"unknown": 1}, ["/unknown"]),
        ({"monthly_cap": None, "quiet_from": None, "quiet_until": None}, []),
    ],
)
def test_every_rule_that_makes_no_sense_is_named(data: dict[str, Any], wrong: list[str]) -> None:
    assert [problem.pointer for problem in problems(data)] == wrong


def test_rules_that_make_no_sense_are_not_kept(connection: Connection) -> None:
    with pytest.raises(Refusal):
        write_rules(connection, {"price": "much"}, by="account:a", now=NOW)
    assert read_rules(connection) == SendingRules()


def test_rules_that_cannot_be_read_are_no_rules(connection: Connection) -> None:
    connection.execute(insert(DeploymentFact).values(key=FACT, value={"rules": {"price": None}}))
    with pytest.raises(ValueError, match="rules"):
        read_rules(connection)


@pytest.mark.parametrize(
    ("number", "reached"), [("+8613800000001", True), ("+85251234567", True), ("+15005550001", False)]
)
def test_only_listed_countries_are_written_to(number: str, reached: bool) -> None:
    assert SendingRules().may_reach(number) is reached
