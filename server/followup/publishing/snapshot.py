"""What is published of a wave, as JSON, and what two versions of it tell apart. Nothing is looked up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server import wire
from server.followup.standings import Standing
from server.scoring.exact import exact_text

SHOWN: Final = ("score", "grade", "rank", "n")


@dataclass(frozen=True, slots=True)
class Moved:
    """A subject whose score, grade, rank or number of reports differs; None where it was not there."""

    subject: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def subject_row(about: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    """One line of the league table. Args: about: what the table says of the subject beside its numbers."""
    return {
        **about,
        "n": standing.n,
        "raw": None if standing.raw is None else exact_text(standing.raw),
        "score": None if standing.score is None else f"{standing.score:f}",
        "grade": standing.grade,
        "rank": standing.rank,
    }


def as_read(snapshot: Mapping[str, Any]) -> str:
    """SHA-256 of what a reader of a preview sees: without the names of reports, which some get only then."""
    nameless: dict[str, Any] = {
        name: sorted(wire.fingerprint({**row, own: ""}) for row in snapshot[name])
        for name, own in (("reports", "ref"), ("findings", "report"))
    }
    whole: dict[str, Any] = {**snapshot, **nameless}
    return wire.fingerprint(whole)


def moved(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Sequence[Moved]:
    """Who moves between two versions; everybody, when there was none before."""
    old = {row["subject"]: row for row in before["subjects"]} if before else {}
    new = {row["subject"]: row for row in after["subjects"]}
    names = {key: row["name"] for key, row in (*old.items(), *new.items())}
    return [
        Moved(key, names[key], old.get(key), new.get(key))
        for key in in_order(new.values(), old)
        if _told(old.get(key)) != _told(new.get(key))
    ]


def in_order(rows: Iterable[Mapping[str, Any]], others: Iterable[str] = ()) -> Sequence[str]:
    """Subjects by rank, those without one by code; then others that are gone."""
    listed = sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["subject"]))
    known = [row["subject"] for row in listed]
    return [*known, *sorted(set(others) - set(known))]


def _told(row: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    return None if row is None else tuple(row[name] for name in SHOWN)
