"""`flask programmes schema` and `diff`: what definitions may say, and what a new version changes."""

import json

import click
from flask import Flask

from server import catalogue
from server.cli.files import FORMAT, locale, say
from server.cli.linting import as_line
from server.cli.programme_changes import Teller
from server.cli.programmes import definition_of, group
from server.scoring.programmes.compiling import compile_programme
from server.scoring.programmes.differences import differences
from server.scoring.programmes.schema import parameters_schema, programme_schema
from server.scoring.settling.fact_schema import facts_schema


def install(app: Flask) -> None:
    """Importing this module has added the commands to the group, which `server.cli.programmes` installs."""


@group.command()
@click.argument("definition", required=False)
@click.option("--facts", is_flag=True, help="The schema of facts.")
@click.option("--parameters", is_flag=True, help="The schema of what DEFINITION lets an institution set.")
@click.option(
    "--locale", "language", type=click.Choice(catalogue.LOCALES), help="Language of titles; the terminal’s."
)
def schema(definition: str | None, facts: bool, parameters: bool, language: str | None) -> None:
    """Print the JSON Schema of programmes, of facts, or of one programme's parameters and readings."""
    if parameters != (definition is not None) or (facts and parameters):
        raise click.UsageError(catalogue.text("tools.schema_which", locale()))
    chosen = language or locale()
    texts = catalogue.texts(chosen, "schema")
    if definition is not None:
        made = parameters_schema(compile_programme(definition_of(definition)), texts, chosen)
    else:
        made = facts_schema(texts) if facts else programme_schema(texts, chosen)
    say(json.dumps(made, ensure_ascii=False, indent=2))


@group.command()
@click.argument("old")
@click.argument("new")
@FORMAT
def diff(old: str, new: str, format_: str) -> None:
    """Say what the programme NEW changes, and which measures and rules depend on that."""
    definitions = definition_of(old), definition_of(new)
    teller = Teller(locale(), *map(compile_programme, definitions))
    changes = differences(*definitions)
    for change in changes:
        say(as_line(teller.as_json(change)) if format_ == "json" else "\n".join(teller.lines(change)))
    if not changes and format_ == "text":
        say(catalogue.text("tools.change_none", locale()))


ON_FILES = (schema, diff)
