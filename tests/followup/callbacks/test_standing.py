"""Two people before it lands on an employee: the steps of an attribution, whatever their order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.followup.callbacks.standing import (
    CONFIRMED,
    FACT_STATES,
    PERSON,
    Standing,
    Step,
    refused,
    standing,
)
from server.models.callbacks import AXES, STEPS

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
LI, WANG = UUID(int=91), UUID(int=92)
AGENT, REVIEWER, MANAGER, COORDINATOR = (UUID(int=number) for number in range(1, 5))


def step(kind: str, by: UUID, axis: str = PERSON, person: UUID | None = LI, hours: int = 0) -> Step:
    return Step(kind, axis, person if axis == PERSON else None, False, by, NOW + timedelta(hours=hours))


PROPOSED = step("proposed", AGENT)
CONFIRMED_BY = step("confirmed", REVIEWER)
DISPUTED_BY = step("disputed", MANAGER)
TAKEN = (PROPOSED, CONFIRMED_BY, DISPUTED_BY)
CASES: dict[str, tuple[tuple[Step, ...], Step, str | None]] = {
    "nothing to confirm": ((), CONFIRMED_BY, "attribution_moved"),
    "another person confirms": ((PROPOSED,), CONFIRMED_BY, None),
    "nobody confirms alone": ((PROPOSED,), step("confirmed", AGENT), "attribution_same_person"),
    "nobody changes alone": ((PROPOSED,), step("changed", AGENT, "process"), "attribution_same_person"),
    "who changed it to an employee has not confirmed it": (
        (PROPOSED, step("changed", REVIEWER, person=WANG)),
        step("confirmed", REVIEWER),
        "attribution_same_person",
    ),
    "the agent agrees with the change": (
        (PROPOSED, step("changed", REVIEWER, person=WANG)),
        step("confirmed", AGENT),
        None,
    ),
    "disputed in time": ((PROPOSED, CONFIRMED_BY), step("disputed", MANAGER, hours=7 * 24 - 1), None),
    "disputed too late": (
        (PROPOSED, CONFIRMED_BY),
        step("disputed", MANAGER, hours=7 * 24),
        "attribution_dispute_over",
    ),
    "the disputer does not decide": (TAKEN, step("upheld", MANAGER), "attribution_same_person"),
    "who confirmed it does not decide": (TAKEN, step("dismissed", REVIEWER), "attribution_same_person"),
    "somebody without a part decides": (TAKEN, step("upheld", COORDINATOR), None),
    "heard once": (
        (*TAKEN, step("dismissed", COORDINATOR)),
        step("disputed", MANAGER, hours=1),
        "attribution_dispute_over",
    ),
    "proposed anew after it was taken back": (
        (*TAKEN, step("upheld", COORDINATOR)),
        step("proposed", AGENT, person=WANG),
        None,
    ),
    "not proposed twice": ((PROPOSED,), step("proposed", REVIEWER), "attribution_moved"),
}


@pytest.mark.parametrize("name", CASES)
def test_which_step_is_possible(name: str) -> None:
    before, next_step, expected = CASES[name]
    assert refused(standing(before), next_step, dispute_days=7) == expected


def test_what_is_disputed_counts_nowhere_until_it_is_decided() -> None:
    found = [FACT_STATES.get(standing(TAKEN[:length]).state) for length in range(4)]
    assert found == [None, None, "confirmed", "pending"]
    assert FACT_STATES[standing((*TAKEN, step("upheld", COORDINATOR))).state] == "overturned"


anybody = st.sampled_from([AGENT, REVIEWER, MANAGER, COORDINATOR])
anything = st.builds(
    lambda kind, by, axis, person, hours: step(kind, by, axis, person, hours),
    st.sampled_from(STEPS), anybody, st.sampled_from(AXES), st.sampled_from([LI, WANG]), st.integers(0, 300),
)  # fmt: skip


@given(st.lists(anything, max_size=12))
def test_no_order_of_steps_lands_on_an_employee_by_one_word(tried: list[Step]) -> None:
    """Whatever people press: where it is confirmed about an employee, two have said that same employee."""
    taken: list[Step] = []
    named: dict[UUID, set[UUID]] = {}
    for each in tried:
        before = standing(taken)
        about = before.about
        if each.step not in ("proposed", "changed") and about is not None:
            each = Step(each.step, about.axis, about.person_id, about.grave, each.account_id, each.at)
        if refused(before, each, dispute_days=7) is not None:
            continue
        taken.append(each)
        if each.step in ("proposed", "changed", "confirmed") and each.person_id is not None:
            named.setdefault(each.person_id, set()).add(each.account_id)
        now: Standing = standing(taken)
        if now.state == CONFIRMED and now.about is not None and now.about.person_id is not None:
            assert len(named[now.about.person_id]) >= 2
