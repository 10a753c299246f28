"""A small campaign whose workers are killed for real; `python -m bench --kills 200` does a large one."""

from sqlalchemy import Engine

from bench.outreach import campaign, endure


def test_killed_workers_reach_nobody_twice_and_lose_nobody(engine: Engine, database_url: str) -> None:
    with campaign(database_url, polite=False, limit=10) as running:
        endured = endure(running, messages=80, kills=8, longest_life=0.2)
    assert endured.broken == []
    assert sum(endured.states.values()) == 80
    assert endured.states["accepted"] > 50
