"""The commands that work on files alone, for machines without settings: a laptop, a check before a merge."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup

from server.cli import estimates, explaining, forms, programme_files, programmes, sms, standards


def is_choosing_a_command() -> bool:
    """Whether `flask` only looks for a command by its name; a server that is starting needs its settings."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.command, FlaskGroup)


def create_settingless(reason: str) -> Flask:
    """An application without pages. Every command but those on files ends with the reason."""
    app = Flask("server", static_folder=None)
    app.cli = _Refusing("server", reason, ())
    app.cli.add_command(
        _Refusing("forms", reason, (*forms.ON_FILES, standards.import_table), forms.group.help)
    )
    app.cli.add_command(
        _Refusing(
            "programmes",
            reason,
            (*programmes.ON_FILES, *programme_files.ON_FILES, explaining.explain_command),
            programmes.group.help,
        )
    )
    app.cli.add_command(_Refusing("sms", reason, sms.ON_FILES, sms.group.help))
    app.cli.add_command(estimates.estimate)
    return app


class _Refusing(AppGroup):
    """A group that says for any command it does not have which settings are missing."""

    def __init__(
        self, name: str, reason: str, commands: Sequence[click.Command], about: str | None = None
    ) -> None:
        super().__init__(name, list(commands), help=about)
        self._reason = reason

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return super().get_command(ctx, cmd_name) or self._refuse()

    def _refuse(self) -> NoReturn:
        sys.exit(self._reason)
