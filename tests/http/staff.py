"""Signed-in staff without the cost of argon2: the rows that signing in would have left."""

from datetime import timedelta
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, select

from server.accounts.sessions import csrf_token
from server.db import new_id
from server.keys import token_hash
from server.models.accounts import Account, Person, RoleGrant, StaffSession
from server.models.organisation import Unit
from server.services import services
from tests.conftest import START


def create_session(engine: Engine, role: str, unit_code: str | None = None) -> tuple[str, UUID]:
    """An account with this role, over everything or below a unit: its cookie's secret, its session's id."""
    person_id, account_id, session_id, secret = new_id(), new_id(), new_id(), f"session of {role}"
    below = select(Unit.id).where(Unit.code == unit_code).scalar_subquery() if unit_code else None
    rows = (
        (Person, {"id": person_id, "name": "王芳", "created_at": START}),
        (
            Account,
            {
                "id": account_id,
                "person_id": person_id,
                "login": role,
                "password_hash": "-",
                "created_at": START,
            },
        ),
        (RoleGrant, {"id": new_id(), "account_id": account_id, "role": role, "unit_id": below}),
        (
            StaffSession,
            {
                "id": session_id,
                "secret_hash": token_hash(secret),
                "account_id": account_id,
                "created_at": START,
                "expires_at": START + timedelta(hours=12),
            },
        ),
    )
    with engine.begin() as connection:
        for table, values in rows:
            connection.execute(insert(table).values(**values))
    return secret, session_id


def signed_in(app: Flask, engine: Engine, role: str, unit_code: str | None = None) -> tuple[FlaskClient, str]:
    """A browser with this role's session, and the CSRF token of its forms."""
    secret, session_id = create_session(engine, role, unit_code)
    client = app.test_client()
    client.set_cookie("staff", secret)
    with app.app_context():
        return client, csrf_token(services().settings.secret_key.reveal(), session_id)
