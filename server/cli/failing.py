"""Turns failures that a person can mend into one sentence instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from server import catalogue
from server.errors import Refusal
from server.storage.protocol import StoreUnavailable


@contextmanager
def explained() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(f"The database at DATABASE_URL cannot be used: {reason}") from None
    except StoreUnavailable as error:
        raise click.ClickException(f"The object store at S3_ENDPOINT_URL cannot be used: {error}") from None
    except Refusal as refusal:
        sentences = [catalogue.sentence(refusal.code, "en", **refusal.params)]
        sentences += [catalogue.sentence(each.code, "en", **each.params) for each in refusal.details]
        raise click.ClickException(" ".join(sentences)) from None
