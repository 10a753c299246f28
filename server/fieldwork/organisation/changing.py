"""Changing one unit by hand: correcting, moving, closing and reopening it, with a day and a reason."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection

from server import audit
from server.errors import Detail, Refusal
from server.fieldwork.importing import ChangeLog
from server.fieldwork.organisation.finding import find_unit, open_below
from server.fieldwork.organisation.unit_import import Order, Settlement, lock, settle_rows
from server.tables import Row

# deed -> the columns that it may say something of. All but a correction need a reason.
DEEDS: Mapping[str, tuple[str, ...]] = {
    "correct": (
        "name", "name_en", "level", "kind", "address", "longitude", "latitude", "datum", "opening_hours",
        "area", "counters", "tags", "opened_on",
    ),
    "move": ("parent_code",),
    "close": ("closed_on", "successor_code"),
    "reopen": (),
}  # fmt: skip


def change_unit(
    connection: Connection,
    unit_id: UUID,
    deed: str,
    cells: Mapping[str, str],
    order: Order,
    *,
    with_below: bool = False,
) -> Settlement:
    """Do one of `DEEDS` to a unit, or with `order.dry_run` say what it would change.

    Args:
        cells: what the columns of the deed are to say, as a file would say it.
        with_below: close the open units below it as well.

    Raises:
        Refusal: not_found; invalid_fields with everything that is wrong, each at its column.
    """
    lock(connection, order)
    unit = find_unit(connection, order.scope, unit_id)
    given = {name: cells[name] for name in DEEDS[deed] if name in cells}
    problems = _missing(deed, given, order)
    if problems:
        raise Refusal("invalid_fields", details=problems)
    if deed == "reopen":
        given["state"] = "open"
    if deed == "close":
        given["closed_reason"] = order.reason or ""
    codes = [unit.code]
    if deed == "close" and with_below:
        codes += open_below(connection, order.scope, unit)
    rows = [Row(number, {"code": code, **given}) for number, code in enumerate(codes, start=1)]
    settlement = settle_rows(connection, rows, order, ChangeLog(most=len(rows)))
    if settlement.problems:
        details = [Detail(each.code, f"/{each.column}", each.params) for each in settlement.problems]
        raise Refusal("invalid_fields", details=details)
    if settlement.log.kept and not order.dry_run:
        detail = {"deed": deed, "day": str(order.day or order.today), "units": len(settlement.log.kept)}
        audit.record(
            connection,
            [audit.Entry(order.by, "unit_changed", f"unit:{unit.id}", {**detail, "reason": order.reason})],
            at=order.now,
        )
    return settlement


def _missing(deed: str, given: Mapping[str, str], order: Order) -> list[Detail]:
    problems = []
    if deed == "close" and not given.get("closed_on"):
        problems.append(Detail("field_required", "/closed_on"))
    if deed != "correct" and not order.reason:
        problems.append(Detail("field_required", "/reason"))
    return problems
