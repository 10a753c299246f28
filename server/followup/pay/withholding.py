"""A report that was rejected brings its visitor nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server import audit
from server.followup.pay.proposing import being_reversed, propose_reversal
from server.models.pay import PayDecision, PayLine

OF_VISITS = ("fee", "attempt")


def withhold(connection: Connection, assignment_id: UUID, reason: str, *, by: str, now: datetime) -> None:
    """Refuse what nobody has decided about yet, and propose to take back what was approved.

    Expenses stay: who went has spent them.
    """
    lines = connection.execute(
        select(*PayLine.__table__.columns, PayDecision.approved)
        .join(PayDecision, PayDecision.line_id == PayLine.id, isouter=True)
        .where(PayLine.assignment_id == assignment_id, PayLine.kind.in_(OF_VISITS))
        .with_for_update(of=PayLine)
    ).all()
    for line in lines:
        if line.approved and not being_reversed(connection, line.id):
            propose_reversal(connection, line, reason, by=by, now=now)
        elif line.approved is None:
            decided = {"approved": False, "reason": reason, "decided_by": by, "decided_at": now}
            connection.execute(insert(PayDecision).values(line_id=line.id, reverses_id=None, **decided))
            entry = audit.Entry(by, "pay_refused", f"pay:{line.id}", {"kind": line.kind, "reason": reason})
            audit.record(connection, [entry], at=now)
