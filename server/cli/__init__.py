"""Commands: `flask --app wsgi …`. Each prints one clear sentence when it cannot work."""

from flask import Flask

from server.cli import (
    accounts,
    audit,
    database,
    demo,
    draws,
    explaining,
    form_versions,
    forms,
    keys,
    processes,
    programme_files,
    programme_versions,
    programmes,
    settlements,
    standards,
)


def install(app: Flask) -> None:
    for group in (
        accounts,
        audit,
        database,
        demo,
        draws,
        explaining,
        forms,
        form_versions,
        keys,
        processes,
        programme_files,
        programme_versions,
        programmes,
        settlements,
        standards,
    ):
        group.install(app)
