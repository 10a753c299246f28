"""Commands: `flask --app wsgi …`. Each prints one clear sentence when it cannot work."""

from flask import Flask

from server.cli import (
    accounts,
    audit,
    calendars,
    contacts,
    database,
    demo,
    draws,
    estimates,
    explaining,
    form_versions,
    forms,
    history,
    keys,
    organisation,
    processes,
    programme_files,
    programme_versions,
    programmes,
    rolling,
    settlements,
    sms,
    standards,
)


def install(app: Flask) -> None:
    for group in (
        accounts,
        audit,
        calendars,
        contacts,
        database,
        demo,
        draws,
        estimates,
        explaining,
        forms,
        form_versions,
        history,
        keys,
        organisation,
        processes,
        programme_files,
        programme_versions,
        programmes,
        rolling,
        settlements,
        sms,
        standards,
    ):
        group.install(app)
