"""Loading the demo: the invented world enters by the same imports, draws and intake as real data."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select, update

from server import queue
from server.accounts import register
from server.clock import SetClock
from server.config import Settings
from server.db import AnyRow, db, transaction
from server.demo.after_visits import load_after_visits
from server.demo.answers import responds, survey_answers, visit_answers
from server.demo.calls import load_calls
from server.demo.chance import stream
from server.demo.city import DemoUnit, build_city, outlets, units_csv
from server.demo.filling import Occasion
from server.demo.people import FIRM, DemoContact, build_contacts, contacts_csv, shoppers, staff
from server.demo.photos import Album
from server.demo.published import publish_round
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.visits.assigning import NewVisit, assign_visit
from server.fieldwork.waves import drawing, launching
from server.fieldwork.waves.choices import Sampling
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.planning_period import plan_waves
from server.fieldwork.waves.plans import NewWave
from server.fieldwork.waves.proposals import proposed_waves
from server.fieldwork.waves.states import move_wave
from server.intake.prepare import Ask, Incoming, Prepared, Rejected, prepare
from server.intake.record import record
from server.models.accounts import Firm, Person
from server.models.contacts import Contact
from server.models.deployment import DeploymentFact
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from server.notify.outbox.claiming import Policy
from server.notify.outbox.delivery import deliver_due, follow_accepted
from server.notify.respect.hours import DecentHours
from server.notify.respect.rules import SendingRules, write_rules
from server.outgoing import is_loopback
from server.phones import normalise
from server.reports.deployment import DEMO
from server.scope import EVERYTHING
from server.services import Services

SEED = 20_26
ZONE = ZoneInfo("Asia/Shanghai")
BY = "system"
PROGRAMME = "branch-service"
MESSAGES = {
    "zh": "您最近在{unit}办理过业务，诚邀您用一分钟评价我们的服务：{link}",
    "en": "You recently visited {unit}. One minute of your time helps us serve you better: {link}",
}
SURVEY_STARTED = timedelta(days=6)
VISITS_STARTED = timedelta(days=45)
VISITS_BEFORE = timedelta(days=80)
VISITS_LASTED = timedelta(days=21)
VISIT_WINDOW = timedelta(days=14)
OPEN_VISITS = 6
SEND_ALL = 10_000
ABANDONED = 0.06
# People try a demo at night, too, and its messages cost nothing.
ANY_TIME = SendingRules(hours=DecentHours(None, None), monthly_cap=None, asked_per_day=20)


class NotEmpty(Exception):
    """Somebody has worked here already: a demo never mixes with real data."""


class RealGateway(Exception):
    """Messages would leave the machine: the demo's numbers are invented, but not unassigned."""


@dataclass(frozen=True, slots=True)
class _World:
    """What is loaded, and the parts to load it with."""

    services: Services
    now: datetime
    units: Mapping[str, DemoUnit]
    contacts: Mapping[str, DemoContact]

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()


def is_empty(connection: Connection) -> bool:
    """Whether nobody has worked here: a demo's reset would take their units, people and firms along."""
    return not any(
        connection.scalar(select(func.count()).select_from(table)) for table in (Unit, Person, Firm)
    )


def load(services: Services) -> None:
    """Load the whole demo.

    Raises:
        NotEmpty: when there is anything to mix with.
        RealGateway: when messages would reach real phones.
    """
    if not _is_pretended(services.settings):
        raise RealGateway("The demo is loaded only with SMS=inbox: its numbers may belong to somebody.")
    now = services.clock.now()
    units = build_city(SEED)
    contacts = build_contacts(SEED, units, now.astimezone(ZONE).date())
    world = _World(
        services, now, {unit.code: unit for unit in units}, {each.external_id: each for each in contacts}
    )
    with transaction() as connection:
        if not is_empty(connection):
            raise NotEmpty("The database is not empty; the demo is loaded only into an empty one.")
        _organisation(connection, world)
        people = _people(connection, world)
    _survey(world)
    _published_visits(world, people)
    _finished_visits(world, people)
    _open_visits(world, people)
    _firm_wave(world)
    _next_quarter(world)


def _is_pretended(settings: Settings) -> bool:
    """Whether no message reaches anybody: the inbox, or a provider on this machine."""
    if settings.gateway == "inbox":
        return True
    address = urlsplit(settings.twilio.base_url) if settings.twilio else None
    return address is not None and is_loopback(address.hostname or "")


def _organisation(connection: Connection, world: _World) -> None:
    write_rules(connection, ANY_TIME.to_json(), by=BY, now=world.now)
    units, contacts = units_csv(list(world.units.values())), contacts_csv(list(world.contacts.values()))
    import_units(connection, SentFile(units, "units.csv", BY), now=world.now)
    import_contacts(connection, world.services.keys, SentFile(contacts, "contacts.csv", BY), now=world.now)


def _people(connection: Connection, world: _World) -> list[UUID]:
    """Accounts, the firm with its key, and the shoppers, whose person ids are returned."""
    keys, password = world.services.keys, secrets.token_urlsafe(9)
    for account in staff(list(world.units.values())):
        new = register.NewAccount(
            account.login, account.name, password, account.role, unit_code=account.unit_code
        )
        register.add_account(connection, new, by=BY, now=world.now)
    firm_id = register.add_firm(connection, FIRM.code, FIRM.name, now=world.now)
    firm_key = register.add_api_key(connection, firm_id, by=BY, now=world.now)
    secret = {"password": password, "firm_key": firm_key}
    fact = {name: keys.encrypt(text).decode() for name, text in secret.items()}
    connection.execute(insert(DeploymentFact).values(key=DEMO, value={"seed": SEED, **fact}))
    people = [
        register.add_person(connection, each.name, now=world.now, phone=(normalise(each.phone), keys))
        for each in shoppers(SEED)
    ]
    connection.execute(update(Person).where(Person.id.in_(people)).values(kind="shopper"))
    return people


def _survey(world: _World) -> None:
    """A satisfaction wave that has been running for some days, with the answers it has had so far."""
    started = world.now - SURVEY_STARTED
    new = NewWave(
        programme=PROGRAMME,
        instrument="satisfaction",
        code=f"{world.today:%Y%m}-SAT",
        title=f"{world.today.year}年{world.today.month}月营业厅满意度调查",
        title_en=f"Hall satisfaction, {world.today:%B %Y}",
        opens_at=started,
        closes_at=world.now + timedelta(days=8),
        sampling=Sampling(ratio=Decimal("0.4"), minimum=8),
        message=MESSAGES,
    )
    with transaction() as connection:
        wave_id = plan_wave(connection, new, by=BY, now=started)
        drawing.draw_wave(connection, wave_id, EVERYTHING, by=BY, now=started)
        move_wave(connection, wave_id, before="drawn", after="launched", now=started)
        public_url = world.services.settings.public_url
        while launching.invite_batch(
            connection, wave_id, world.services.keys, public_url=public_url, now=started
        ):
            pass
    _deliver(world, started + timedelta(minutes=3))
    with transaction() as connection:
        _survey_answers(connection, world, wave_id)
        load_calls(connection, wave_id, world.services.keys, SEED, world.now)


def _survey_answers(connection: Connection, world: _World, wave_id: UUID) -> None:
    shelved = world.services.forms.get(connection, _form_version(connection, wave_id))
    for invited in _invited(connection, wave_id):
        unit, contact = world.units[invited.code], world.contacts[invited.external_id]
        rng = stream(SEED, "answers", invited.external_id)
        answered = responds(rng, unit.quality, contact.eagerness)
        if not answered and rng.random() > ABANDONED:
            continue
        at = _moment(rng, invited.created_at + timedelta(minutes=10), world.now)
        connection.execute(
            update(Invitation).where(Invitation.id == invited.id).values(started_at=at - timedelta(minutes=2))
        )
        if not answered:
            continue
        variables = {**invited.variables, "unit": unit.name}
        occasion = Occasion(unit.quality, at.astimezone(ZONE).date(), unit.weak_side, variables)
        ask = Ask(wave_id, invited.subject_id, shelved, variables, occasion.day, "page")
        answers = survey_answers(rng, shelved.form, occasion)
        prepared = _sound(prepare(Incoming(invited.submission_id, answers), ask))
        record(connection, [prepared], actor=f"invitation:{invited.id}", now=at)


def _published_visits(world: _World, people: Sequence[UUID]) -> None:
    """A round that was reviewed and published."""
    wave_id = _closed_visits(world, people, world.now - VISITS_BEFORE)
    with transaction() as connection:
        publish_round(connection, wave_id, world.services.forms, world.now)


def _finished_visits(world: _World, people: Sequence[UUID]) -> None:
    """A round that nobody has looked through yet."""
    wave_id = _closed_visits(world, people, world.now - VISITS_STARTED)
    with transaction() as connection:
        load_after_visits(connection, wave_id, world.services, world.now)


def _closed_visits(world: _World, people: Sequence[UUID], started: datetime) -> UUID:
    """A visit wave that is over: every outlet visited once, with photos and lost points."""
    wave_id = _visit_wave(world, started, started + VISITS_LASTED)
    album = Album(world.services.store)
    places = list(outlets(world.units.values()))
    with transaction() as connection:
        tasks = [
            _assign(connection, world, wave_id, unit, people[number % len(people)], started)
            for number, unit in enumerate(places)
        ]
    _deliver(world, started + timedelta(minutes=1))
    with transaction() as connection:
        shelved = world.services.forms.get(connection, _form_version(connection, wave_id))
        for unit, task in zip(places, tasks, strict=True):
            rng = stream(SEED, "visit", f"{started:%Y%m}", unit.code)
            visited = _moment(rng, started + timedelta(hours=1), started + VISIT_WINDOW)
            variables = {**task.variables, "unit": unit.name}
            occasion = Occasion(unit.quality, visited.astimezone(ZONE).date(), unit.weak_side, variables)
            ask = Ask(wave_id, task.subject_id, shelved, variables, occasion.day, "page", finds_faults=True)
            answers = visit_answers(rng, shelved.form, occasion, album.shoot(connection, task, visited))
            prepared = _sound(prepare(Incoming(task.submission_id, answers), ask))
            record(connection, [prepared], actor=f"assignment:{task.id}", now=visited)
            started_at = visited - timedelta(minutes=40)
            connection.execute(
                update(Assignment).where(Assignment.id == task.id).values(started_at=started_at)
            )
        connection.execute(update(Wave).where(Wave.id == wave_id).values(state="closed"))
        queue.defer(connection, "follow_submissions")
    return wave_id


def _open_visits(world: _World, people: Sequence[UUID]) -> None:
    """The visit wave of this month, with a few assignments that wait to be opened on a phone."""
    wave_id = _visit_wave(world, world.now - timedelta(days=2), world.now + timedelta(days=19))
    with transaction() as connection:
        for unit, person_id in zip(list(outlets(world.units.values()))[:OPEN_VISITS], people, strict=True):
            _assign(connection, world, wave_id, unit, person_id, world.now - timedelta(hours=1))
    _deliver(world, world.now)


def _firm_wave(world: _World) -> None:
    """A wave in which the survey firm interviews customers in the halls and sends rows."""
    with transaction() as connection:
        firm_id = connection.scalar(select(Subject.firm_id).where(Subject.code == f"firm:{FIRM.code}"))
        new = NewWave(
            programme=PROGRAMME,
            instrument="satisfaction",
            code=f"{world.today:%Y%m}-INTERVIEW",
            title=f"{world.today.year}年{world.today.month}月厅堂拦访",
            title_en=f"Hall interviews, {world.today:%B %Y}",
            opens_at=world.now - timedelta(days=1),
            closes_at=world.now + timedelta(days=30),
            firm_id=firm_id,
        )
        wave_id = plan_wave(connection, new, by=BY, now=world.now)
        move_wave(connection, wave_id, before="planned", after="launched", now=world.now)


def _next_quarter(world: _World) -> None:
    """What the programme asks for in the next quarter, planned and waiting for somebody to choose outlets."""
    later = world.today + timedelta(days=92)
    with transaction() as connection:
        _, proposals = proposed_waves(connection, PROGRAMME, "quarter", later, EVERYTHING)
        plan_waves(connection, [each.new for each in proposals], EVERYTHING, by=BY, now=world.now)


def _deliver(world: _World, at: datetime) -> None:
    """Send what is queued, as a worker would have done at that time."""
    given, clock = world.services, SetClock(at)
    deliver_due(db.engine, given.carriers, Policy(ANY_TIME), clock, SEND_ALL)
    follow_accepted(db.engine, given.carriers, clock, SEND_ALL)


def _visit_wave(world: _World, opens_at: datetime, closes_at: datetime) -> UUID:
    month = opens_at.astimezone(ZONE)
    new = NewWave(
        programme=PROGRAMME,
        instrument="visit",
        code=f"{month:%Y%m}-VISIT",
        title=f"{month.year}年{month.month}月神秘检查",
        title_en=f"Mystery visits, {month:%B %Y}",
        opens_at=opens_at,
        closes_at=closes_at,
    )
    with transaction() as connection:
        wave_id = plan_wave(connection, new, by=BY, now=opens_at)
        move_wave(connection, wave_id, before="planned", after="launched", now=opens_at)
    return wave_id


def _assign(
    connection: Connection, world: _World, wave_id: UUID, unit: DemoUnit, person_id: UUID, at: datetime
) -> AnyRow:
    """Assign one visit; returns the assignment's row."""
    variables = {"visit_date": at.astimezone(ZONE).date().isoformat(), "scenario": "咨询并办理一笔现金存款"}
    new = NewVisit(wave_id, person_id, unit.code, at, at + VISIT_WINDOW, variables)
    assigned = assign_visit(
        connection,
        new,
        world.services.keys,
        public_url=world.services.settings.public_url,
        by=BY,
        now=at,
    )
    return connection.execute(
        select(*Assignment.__table__.columns).where(Assignment.id == assigned.assignment_id)
    ).one()


def _invited(connection: Connection, wave_id: UUID) -> Iterator[Any]:
    yield from connection.execute(
        select(*Invitation.__table__.columns, Contact.external_id, Unit.code)
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(Unit, Unit.id == Contact.unit_id)
        .where(Invitation.wave_id == wave_id)
        .order_by(Contact.external_id)
    ).all()


def _form_version(connection: Connection, wave_id: UUID) -> UUID:
    return connection.execute(select(Wave.form_version_id).where(Wave.id == wave_id)).scalar_one()


def _moment(rng: Random, earliest: datetime, latest: datetime) -> datetime:
    """A moment between two, in the daytime of the city, more often soon after the first."""
    span = (latest - earliest).total_seconds()
    at = earliest + timedelta(seconds=span * rng.random() ** 1.6)
    local = at.astimezone(ZONE)
    if not 8 <= local.hour < 22:
        local = local.replace(hour=9 + rng.randrange(11))
    return min(max(local.astimezone(UTC), earliest), latest)


def _sound(prepared: Prepared | Rejected) -> Prepared:
    if isinstance(prepared, Rejected):
        raise AssertionError(f"the demo's own answers must pass: {prepared.errors}")
    return prepared
