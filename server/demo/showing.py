"""What somebody needs to try the demo: links that were not used yet, a firm's key, the sign-ins."""

import re
from typing import Any

from sqlalchemy import Connection, select

from server.demo.city import build_city
from server.demo.loading import SEED
from server.demo.people import staff
from server.keys import KeyRing
from server.models.accounts import Account, RoleGrant
from server.models.deployment import DeploymentFact
from server.models.messages import Message
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from server.reports.deployment import DEMO

LINK = re.compile(r"https?://\S+/[rv]/[A-Za-z0-9_-]+")


class NoDemo(Exception):
    """No demo is loaded here."""


def show(connection: Connection, keys: KeyRing, public_url: str) -> dict[str, Any]:
    """`customer` and `visit` links (None when all are used), `firm_key`, `firm_wave`, `signin` by role.

    Raises:
        NoDemo: on a deployment with real data, or none.
    """
    fact = connection.scalar(select(DeploymentFact.value).where(DeploymentFact.key == DEMO))
    if fact is None:
        raise NoDemo("No demo is loaded: `flask --app wsgi demo load` loads it into an empty database.")
    password = keys.decrypt(fact["password"].encode())
    return {
        "customer": _fresh_link(connection, keys, Invitation, Message.invitation_id),
        "visit": _fresh_link(connection, keys, Assignment, Message.assignment_id),
        "firm_key": keys.decrypt(fact["firm_key"].encode()),
        "firm_wave": connection.scalar(select(Wave.code).where(Wave.firm_id.is_not(None))),
        "signin": {
            account.role: {"login": account.login, "password": password, "url": f"{public_url}/sign-in"}
            for account in _first_of_each_role(connection)
        },
    }


def _fresh_link(connection: Connection, keys: KeyRing, table: Any, reference: Any) -> str | None:
    """The link of the first task nobody has opened, read from its message: rows hold only its hash."""
    text = connection.scalar(
        select(Message.text)
        .join(table, table.id == reference)
        .join(Wave, Wave.id == table.wave_id)
        .where(table.started_at.is_(None), table.completed_at.is_(None), Wave.state == "launched")
        .order_by(Message.id)
        .limit(1)
    )
    found = LINK.search(keys.decrypt(text)) if text else None
    return found[0] if found else None


def _first_of_each_role(connection: Connection) -> list[Any]:
    logins = [account.login for account in staff(build_city(SEED))]
    rows = connection.execute(
        select(Account.login, RoleGrant.role)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(Account.login.in_(logins))
    ).all()
    # A district's coordinator has the same role as the bank's: the later one in the list gives way.
    return sorted(rows, key=lambda row: -logins.index(row.login))
