"""What follows the demo's finished visits: a report that went back with questions, a claimed expense."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import new_id
from server.demo.views import receipt
from server.fieldwork.outreach.keys import Sender
from server.followup.pay.proposing import Claim, claim
from server.followup.returning.asking import NewReturn, return_visit
from server.followup.returning.deciding import Question
from server.intake.uploads import Place, accept
from server.models.tasks import Assignment
from server.scope import EVERYTHING
from server.services import Services

BY = "system"
TIME_TO_ANSWER = timedelta(days=3)
ASKED = (
    Question("OUT-01", "照片上看不清门楣，请补一张；拍不到的话写明原因。"),
    Question("LOB-01", "备注里说的位置在哪一侧？请补充一句。"),
)


def load_after_visits(connection: Connection, wave_id: UUID, given: Services, now: datetime) -> None:
    """Send the newest report of a wave back, and claim a taxi for the one before it."""
    returned, claimed = connection.execute(
        select(Assignment.id, Assignment.person_id, Assignment.submission_id)
        .where(Assignment.wave_id == wave_id, Assignment.person_id.is_not(None))
        .order_by(Assignment.completed_at.desc(), Assignment.id)
        .limit(2)
    ).all()
    new = NewReturn(returned.id, ASKED, "整体写得清楚，还差两处。", now + TIME_TO_ANSWER, BY)
    tools = (given.forms, Sender(given.keys, given.settings.public_url))
    return_visit(connection, new, EVERYTHING, tools, now=now)
    paper = accept(connection, given.store, Place(claimed.submission_id, wave_id, ""), receipt(), now=now)
    spent = Claim(
        new_id(), claimed.person_id, claimed.id, Decimal("26.50"), "打车往返", UUID(str(paper["id"]))
    )
    claim(connection, spent, now=now)
