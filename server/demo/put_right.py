"""What the demo's published round asks branches to put right: one thing done, one open, one too late."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.catalogue import ZONE
from server.db import AnyRow
from server.followup.orders import acting, issuing
from server.followup.orders.acting import Act
from server.followup.orders.issuing import NewItem
from server.intake.shelf import FormShelf
from server.models.accounts import RoleGrant
from server.models.orders import OrderItem
from server.models.organisation import Subject
from server.models.submissions import Finding
from server.models.waves import Wave
from server.scope import EVERYTHING

DAY = timedelta(days=1)
SAID = ("当班主管现场示范一遍，全员演练后逐人过关。", "更换破损的设施，并把巡查写进班前检查表。")
LATE = "补齐缺少的公示内容。"
DONE = "已更换，并列入每日班前检查。"


def issue_orders(
    connection: Connection, wave_id: UUID, accounts: Mapping[str, UUID], forms: FormShelf, now: datetime
) -> None:
    """Issued by the coordinator when the round was published; the manager has signed, and put one right."""
    issued, yesterday = now - DAY, (now - DAY).astimezone(ZoneInfo(ZONE)).date()
    manager = accounts["manager"]
    unit_id = connection.scalar(select(RoleGrant.unit_id).where(RoleGrant.account_id == manager).limit(1))
    found = connection.execute(
        select(Finding.submission_pk, Finding.item, Subject.code, Subject.unit_id, Wave.programme_version_id)
        .join(Subject, Subject.id == Finding.subject_id)
        .join(Wave, Wave.id == Finding.wave_id)
        .where(Finding.wave_id == wave_id, Finding.withdrawn_at.is_(None))
        .order_by(Finding.points.desc(), Subject.code, Finding.item)
    ).all()
    own = [row for row in found if row.unit_id == unit_id][: len(SAID)]
    others = [row for row in found if row.unit_id != unit_id][:1]
    by = f"account:{accounts['coordinator']}"
    asked = [
        *(_item(row, said, None) for row, said in zip(own, SAID, strict=False)),
        *(_item(row, LATE, yesterday) for row in others),
    ]
    for item in asked:
        issuing.issue(connection, forms, item, EVERYTHING, by=by, now=issued)
    if own:
        _answer(connection, own[-1], f"account:{manager}", now - DAY / 4)


def _item(row: AnyRow, said: str, due: date | None) -> NewItem:
    return NewItem(
        row.programme_version_id, row.code, said, due, submission_pk=row.submission_pk, item=row.item
    )


def _answer(connection: Connection, row: AnyRow, by: str, at: datetime) -> None:
    item = connection.execute(
        select(OrderItem.id, OrderItem.order_id).where(
            OrderItem.submission_pk == row.submission_pk, OrderItem.item == row.item
        )
    ).one()
    acting.sign(connection, item.order_id, "赵经理", EVERYTHING, by=by, now=at)
    acting.do(connection, Act(item.id, "fix", by, DONE), EVERYTHING, now=at)
