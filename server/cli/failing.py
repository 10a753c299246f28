"""Turns failures that a person can mend into one sentence instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError

from server import catalogue
from server.errors import Refusal
from server.fieldwork.definitions.shipping import DefinitionChanged, ProgrammeWrong
from server.keys import KeyLost
from server.storage.protocol import StoreUnavailable


@contextmanager
def explained() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise click.ClickException(
            f"The database at DATABASE_URL cannot be used: {_reason(error.orig)}."
        ) from None
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise
        raise click.ClickException("The schema is not current: run `flask --app wsgi db upgrade`.") from None
    except KeyLost:
        raise click.ClickException(
            "A stored value was written with a key that is not in ANFANG_KEYS: put that key back, at the end."
        ) from None
    except StoreUnavailable as error:
        raise click.ClickException(
            f"The object store at S3_ENDPOINT_URL cannot be used: {_reason(error)}."
        ) from None
    except (DefinitionChanged, ProgrammeWrong) as error:
        raise click.ClickException(str(error)) from None
    except Refusal as refusal:
        sentences = [catalogue.sentence(refusal.code, "en", **refusal.params)]
        sentences += [catalogue.sentence(each.code, "en", **each.params) for each in refusal.details]
        raise click.ClickException(" ".join(sentences)) from None


@contextmanager
def pointed(missing: str = "") -> Iterator[None]:
    """As `explained`, for contents of files: every problem in a line of its own, with its place.

    Args:
        missing: what to say where something is not found.
    """
    with explained():
        try:
            yield
        except Refusal as refusal:
            if missing and refusal.code == "not_found":
                raise click.ClickException(missing) from None
            if not refusal.details:
                raise
            lines = (
                f"{each.pointer}: {catalogue.sentence(each.code, 'en', **each.params)}"
                for each in refusal.details
            )
            raise click.ClickException("\n".join(lines)) from None


def _reason(error: object) -> str:
    """The first line of what a library says."""
    return next(iter(str(error).strip().splitlines()), "no reason given").rstrip(".")
