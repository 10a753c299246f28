"""Commands: `flask --app wsgi …`. Each prints one clear sentence when it cannot work."""

from flask import Flask

from server.cli import (
    accounts,
    audit,
    database,
    demo,
    draws,
    form_versions,
    forms,
    keys,
    processes,
    programmes,
    standards,
)


def install(app: Flask) -> None:
    for group in (
        accounts,
        audit,
        database,
        demo,
        draws,
        forms,
        form_versions,
        keys,
        processes,
        programmes,
        standards,
    ):
        group.install(app)
