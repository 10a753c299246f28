"""Engine, session and metadata. Models derive from `Base`; the hot path takes `db.session.connection()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

import uuid_utils.compat
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, DateTime, Engine, MetaData, Row, Select, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Uuid

# SQLAlchemy 2.1 types rows by their columns; these are "a row" and "a query" of whatever columns.
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

# PostgreSQL's own default names, so that constraints are found by the same name in code, dumps and errors.
NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Base(DeclarativeBase):
    """The declarative base (`db.Model` fails mypy strict)."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        int: BigInteger(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


db = SQLAlchemy(metadata=Base.metadata)


def options() -> dict[str, Any]:
    """Engine options that every process shares. UTC, so that a time read is the time written."""
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 24,
        "connect_args": {"application_name": "anfang", "connect_timeout": 5, "options": "-c TimeZone=UTC"},
    }


def engine_for(database_url: str) -> Engine:
    """An engine outside an application: for migrations, imports of a million rows, tests."""
    return create_engine(database_url, **options())


def connection() -> Connection:
    """The request's connection; whatever reads and writes in one request sees one transaction."""
    return db.session.connection()


@contextmanager
def transaction() -> Iterator[Connection]:
    """The request's connection, committed when the block ends and rolled back when it fails."""
    try:
        yield db.session.connection()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def new_id() -> UUID:
    """A UUIDv7: rows made together lie together. Never shown to a branch, since it tells order and time."""
    return uuid_utils.compat.uuid7()


class HasId:
    """A row with an inner id of ours."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
