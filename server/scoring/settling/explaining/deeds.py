"""What a rule has somebody do: what, who, until when and counted from where."""

from collections.abc import Iterable, Iterator
from datetime import date

from server.scoring.programmes.definition import Action, Rule
from server.scoring.settling.entries import Deed, Entry
from server.scoring.settling.explaining.tree import Explanation, Param, Word, said
from server.scoring.settling.scopes import Scope


def explain_deeds(rule: Rule, scope: Scope, entries: Iterable[Entry]) -> Iterator[Explanation]:
    """One sentence for each; the deeds of a rule stand in the order of its actions."""
    deeds = [entry for entry in entries if isinstance(entry, Deed)]
    for action, deed in zip(rule.actions, deeds, strict=False):
        yield _deed(action, deed, scope)


def _deed(action: Action, deed: Deed, scope: Scope) -> Explanation:
    what: dict[str, Param] = {"what": action.title or Word(deed.do), "to": _addressee(action, deed, scope)}
    if deed.due is None:
        return said("deed", **what)
    if action.due is not None:
        return said("deed_due_by", due=deed.due, expression=action.due.source, **what)
    return said("deed_due", due=deed.due, start=_start(action, scope), **what)


def _addressee(action: Action, deed: Deed, scope: Scope) -> str:
    if deed.to is None:
        return action.to
    subject = scope.world.ground.facts.subjects.get(deed.to.id)
    return deed.to.id if subject is None else subject.name


def _start(action: Action, scope: Scope) -> date:
    return scope.period.ends if action.from_event else scope.world.ground.facts.as_of
