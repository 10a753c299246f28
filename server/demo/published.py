"""A round of the demo that went all the way: reviewed, checked, published, and disputed in one place."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.catalogue import ZONE
from server.demo.put_right import issue_orders
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.definitions.programmes import find_programme
from server.followup.appealing.filing import NewAppeal, file_appeal
from server.followup.finding_log.deciding import NewFinding
from server.followup.finding_log.recording import record
from server.followup.ledger.choosing import choose
from server.followup.publishing import publishing
from server.followup.publishing.checking import open_check
from server.followup.publishing.publishing import NewPublication, Publisher
from server.followup.reviewing.acting import Judgement, judge
from server.followup.reviewing.claiming import reviewer_of
from server.followup.reviewing.opening import open_reviews
from server.followup.reviewing.remarks import add_remark
from server.intake.shelf import FormShelf
from server.models.accounts import Account, RoleGrant
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject
from server.models.publications import PublishedReport
from server.models.reviews import Review
from server.models.submissions import Finding, Submission
from server.models.waves import Wave
from server.scope import EVERYTHING

DAY = timedelta(days=1)
# Published so lately that appeals are still taken, after a window for facts of three working days.
REVIEWED, CHECKED, PROPOSED, PUBLISHED = 20 * DAY, 14 * DAY, 2 * DAY, DAY
NUMBERS = {
    "acceptance_rounds": "1",
    "reward_top": "2000",
    "reward_excellent": "5000",
    "penalty_below": "500",
    "penalty_far_below": "1000",
    "video_penalty_below": "200",
    "video_penalty_far_below": "500",
    "reward_hundred": "5000",
    "reward_thousand": "3000",
    "reward_model": "2000",
    "reward_person": "500",
}
REMARKS = (
    "照片看不清检查项，请补拍或说明原因。",
    "备注与所选答案不一致，请核对。",
    "请写明时间和位置，不写姓名。",
)
PROGRAMME, HONOUR = "branch-service", "personal_honour"
LETTER = "客户来信表扬：大堂经理连续三天上门为行动不便的老人更换存折，附来信照片。"
OBJECTION = "检查时厅内一位老人突发不适，当班人员都在协助处置，有监控和登记为证，请核对。"


def publish_round(connection: Connection, wave_id: UUID, forms: FormShelf, now: datetime) -> None:
    """Approve every report of a closed wave, publish it by two people, and appeal against one item."""
    accounts = dict(connection.execute(select(Account.login, Account.id)).all())
    for sentence in REMARKS:
        add_remark(connection, sentence, "", by="system", now=now - REVIEWED)
    _approve(connection, wave_id, accounts, now - REVIEWED)
    open_check(connection, wave_id, EVERYTHING, by="system", now=now - CHECKED)
    _choose(connection, wave_id, now - CHECKED)
    coordinator = _publisher(accounts["coordinator"], now - PROPOSED)
    shown = publishing.preview(connection, forms, wave_id, EVERYTHING, now=now - PROPOSED)
    proposal = publishing.propose(connection, forms, NewPublication(wave_id, shown.hash), coordinator)
    publishing.agree(connection, forms, proposal, _publisher(accounts["owner"], now - PUBLISHED))
    _appeal(connection, wave_id, accounts["manager"], now)
    issue_orders(connection, wave_id, accounts, forms, now)
    _log(connection, accounts["manager"], now)


def _approve(connection: Connection, wave_id: UUID, accounts: dict[str, UUID], at: datetime) -> None:
    reports = connection.scalars(select(Submission.id).where(Submission.wave_id == wave_id)).all()
    open_reviews(connection, reports, now=at)
    for login in ("reviewer", "coordinator"):
        waiting = connection.execute(
            select(Review.submission_pk, Review.revision_id).where(
                Review.wave_id == wave_id, Review.decided_at.is_(None)
            )
        ).all()
        who = reviewer_of(connection, accounts[login])
        for row in waiting:
            approval = Judgement(row.submission_pk, "approve", row.revision_id, f"account:{who.account_id}")
            judge(connection, approval, who, EVERYTHING, now=at)


def _choose(connection: Connection, wave_id: UUID, at: datetime) -> None:
    """The scheme prints no amounts: the demo's are invented."""
    version = connection.execute(
        select(ProgrammeVersion.id, ProgrammeVersion.programme_id)
        .join(Wave, Wave.programme_version_id == ProgrammeVersion.id)
        .where(Wave.id == wave_id)
    ).one()
    programme = programme_of(connection, version.id)
    about = (programme, version.programme_id, at.astimezone(ZoneInfo(programme.zone.key)).year)
    choose(connection, about, NUMBERS, "年度考核办法", (EVERYTHING, "system", at))


def _log(connection: Connection, manager: UUID, now: datetime) -> None:
    """The manager writes down what a customer wrote; somebody else has to confirm it."""
    code = connection.scalar(
        select(Subject.code)
        .join(RoleGrant, RoleGrant.unit_id == Subject.unit_id)
        .where(RoleGrant.account_id == manager)
        .limit(1)
    )
    if code is not None:
        version = find_programme(connection, PROGRAMME, EVERYTHING)
        day = (now - 3 * DAY).astimezone(ZoneInfo(ZONE)).date()
        new = NewFinding(code, day, LETTER, kind=HONOUR)
        record(connection, version, new, EVERYTHING, by=f"account:{manager}", now=now - DAY)


def _publisher(account_id: UUID, at: datetime) -> Publisher:
    return Publisher(account_id, f"account:{account_id}", EVERYTHING, at)


def _appeal(connection: Connection, wave_id: UUID, manager: UUID, now: datetime) -> None:
    """The manager of the weakest outlet disputes the item that cost it most."""
    unit = select(RoleGrant.unit_id).where(RoleGrant.account_id == manager).scalar_subquery()
    worst = connection.execute(
        select(PublishedReport.ref, Finding.item)
        .join(Finding, Finding.submission_pk == PublishedReport.submission_pk)
        .join(Subject, Subject.id == Finding.subject_id)
        .where(Finding.wave_id == wave_id, Subject.unit_id == unit, Finding.withdrawn_at.is_(None))
        .order_by(Finding.points.desc(), Finding.item)
        .limit(1)
    ).first()
    if worst is not None:
        new = NewAppeal(OBJECTION, f"account:{manager}", worst.ref, worst.item)
        file_appeal(connection, new, EVERYTHING, now=now - DAY / 2)
