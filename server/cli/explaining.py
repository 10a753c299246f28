"""`flask programmes explain`: why a line of the ledger is what it is, or where a number comes from."""

import click
from flask import Flask

from server import catalogue
from server.cli.files import FORMAT, locale, say
from server.cli.linting import as_line
from server.cli.programmes import DEFINITION, FACTS, group, settled
from server.reports.explanations import as_json, outline
from server.scoring.settling.explaining import Explanation, NotSettled, explain, explain_number
from server.scoring.settling.settlement import Settlement


def install(app: Flask) -> None:
    """Importing this module has added the command to the group, which `server.cli.programmes` installs."""


@group.command("explain")
@DEFINITION
@FACTS
@click.option("--line", help="A line of the ledger by its id: rule/subject/period.")
@click.option("--measure", help="A number of this measure; with --subject and --period.")
@click.option("--subject", help="The id of its subject.")
@click.option("--period", help="Its period, such as 2026-05, 2026Q1 or 2026/first.")
@FORMAT
def explain_command(definition: str, facts: str, format_: str, **asked: str | None) -> None:
    """Say step by step why a rule charged an amount, or where a number comes from."""
    line = asked.pop("line")
    number = tuple(value for value in asked.values() if value is not None)
    if len(number) != (0 if line is not None else len(asked)):
        raise click.UsageError(catalogue.text("explain.which_one", locale()))
    settlement = settled(definition, facts)
    try:
        tree = explain(settlement, line) if line is not None else _number(settlement, **asked)
    except NotSettled as error:
        said = catalogue.text(f"explain.{error.code}", locale(), **error.params)
        if error.params["suggestion"]:
            said += catalogue.text("errors.did_you_mean", locale(), **error.params)
        raise click.ClickException(said) from None
    say(as_line(as_json(tree, locale())) if format_ == "json" else "\n".join(outline(tree, locale())))


def _number(
    settlement: Settlement, measure: str | None, subject: str | None, period: str | None
) -> Explanation:
    return explain_number(settlement, measure or "", subject or "", period or "")
