"""`flask forms …`: lint, try out, compare, show and import definitions of forms. None needs a database."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import click
from flask import Flask
from flask.cli import AppGroup
from werkzeug.serving import make_server

from server import catalogue, wire
from server.cli.files import FORMAT, STDIN, content_of, locale, path_of, say, say_findings, without_errors
from server.cli.linting import Finding, as_line, findings, summary
from server.cli.trying import (
    Document,
    Trial,
    Unread,
    documents,
    evaluated,
    evaluated_case,
    tried,
    unvalued,
)
from server.forms import compile_form
from server.forms.authoring.differences import Change, differences
from server.forms.authoring.surveyjs import Note, converted
from server.scoring.form_items import form_rules
from server.scoring.schema import published_schema
from server.web.preview import create_preview

group = AppGroup("forms", help="Definitions of forms: lint, try out, compare, import.")

FORM = click.argument("form")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@FORMAT
def lint(files: tuple[str, ...], format_: str) -> None:
    """Say everything that is wrong with these files, folders, or - for the input."""
    found: list[Finding] = []
    checked, skipped = 0, 0
    for name, data in _sources(files):
        if data is None:
            skipped += 1
            continue
        checked += 1
        mine = findings(name, data)
        found += mine
        say_findings(mine, format_)
    if format_ == "text":
        if skipped:
            say(catalogue.text("tools.lint_skipped", locale(), skipped=skipped))
        say(summary(found, checked, locale()))
    if any(finding.severity == "error" for finding in found):
        sys.exit(1)


def _sources(files: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Name and content; None for a file of a folder that is no form, such as answers that lie beside it."""
    for name in files:
        if name != STDIN and Path(name).is_dir():
            for path in sorted(Path(name).rglob("*.json")):
                data = path.read_bytes()
                yield str(path), data if _may_be_form(data) else None
        else:
            yield ("<stdin>" if name == STDIN else name), content_of(name)


def _may_be_form(data: bytes) -> bool:
    """What cannot be read may be a form with a slip in it."""
    try:
        content = wire.loads(data)
    except wire.Unreadable:
        return True
    return isinstance(content, dict) and ("pages" in content or _has_loose_questions(content))


def _has_loose_questions(content: Mapping[str, Any]) -> bool:
    """Whether it is a form as SurveyJS allows it, without pages; linting says what to do about that."""
    loose = (content.get("elements"), content.get("questions"))
    listed = (item for items in loose if isinstance(items, list) for item in items)
    return any(isinstance(item, dict) and "type" in item and "name" in item for item in listed)


def _definition(form: str) -> Any:
    """A definition without errors; otherwise they are all said and the command ends."""
    return without_errors(path_of(form, "form"))


def _json_option(_context: click.Context, _option: click.Parameter, value: str | None) -> Mapping[str, Any]:
    try:
        read = wire.loads(value or "{}")
    except wire.Unreadable as error:
        raise click.BadParameter(catalogue.sentence(error.code, locale(), **error.params)) from None
    if not isinstance(read, dict):
        raise click.BadParameter("a JSON object is expected.")
    return read


ANSWERS = click.option("--answers", required=True, help="A file of JSON or NDJSON, or - for the input.")
VARIABLES = click.option(
    "--variables", callback=_json_option, help="Values known before the start, a JSON object."
)
TODAY = click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day the form is filled in; this day if left out."
)
FILL = click.option("--fill", is_flag=True, help="Give blank questions their defaults, as pages do.")


@group.command()
@FORM
@ANSWERS
@VARIABLES
@TODAY
@FILL
def check(form: str, answers: str, variables: Mapping[str, Any], today: datetime | None, fill: bool) -> None:
    """Check answers: one JSON object a line with visible, values and errors."""
    _try(form, answers, Trial(compile_form(_definition(form)), variables, _day(today), locale(), fill=fill))


@group.command()
@FORM
@ANSWERS
@VARIABLES
@TODAY
@FILL
def score(form: str, answers: str, variables: Mapping[str, Any], today: datetime | None, fill: bool) -> None:
    """Check and score answers: as check, with the score sheet (null where there are errors)."""
    definition = _definition(form)
    rules = form_rules(definition)
    trial = Trial(
        compile_form(definition), variables, _day(today), locale(), fill=fill, scores=True, rules=rules
    )
    _try(form, answers, trial)


def _day(today: datetime | None) -> date:
    """The day that was given, else today on the reader's own clock."""
    return today.date() if today else datetime.now(UTC).astimezone().date()


def _try(form: str, answers: str, trial: Trial) -> None:
    if form == STDIN and answers == STDIN:
        raise click.ClickException("The input cannot be both the form and the answers.")
    unread = 0
    with _lines(answers) as stream:
        for document in documents(stream, trial.locale):
            unread += isinstance(document, Unread)
            say(as_line(document.result if isinstance(document, Unread) else tried(trial, document)))
    if unread:
        sys.exit(1)


def _lines(name: str) -> IO[bytes]:
    try:
        return click.open_file(name, "rb")
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}.") from None


@group.command("eval")
@click.argument("expression", required=False)
@click.option("--values", help="A file with the answers, or - for the input.")
@click.option("--cases", help="A file with an object of expression and values a line, or - for the input.")
@TODAY
def evaluate(expression: str | None, values: str | None, cases: str | None, today: datetime | None) -> None:
    """Evaluate an expression: the result as JSON, a line for each object of values.

    Names that no object has a value for are said beside the results.
    """
    if (cases is None) == (expression is None):
        raise click.UsageError("Give an expression with --values, or --cases alone.")
    day, source = _day(today), cases or values
    known: dict[str, None] = {}
    if source is None:
        say(as_line(evaluated(expression or "", {}, day, locale())))
    else:
        with _lines(source) as stream:
            for document in documents(stream, locale()):
                if not isinstance(document, Unread):
                    known |= dict.fromkeys(document.content)
                say(as_line(_evaluated(document, expression, day)))
    if expression is not None:
        _say_unvalued(expression, known)


def _evaluated(document: Document | Unread, expression: str | None, day: date) -> Any:
    if isinstance(document, Unread):
        return document.result
    if expression is None:
        return evaluated_case(document.content, day, locale())
    return evaluated(expression, document.content, day, locale())


def _say_unvalued(expression: str, known: Iterable[str]) -> None:
    """A misspelt name is missing everywhere and fails nowhere: without a word nobody would notice."""
    for name, near in unvalued(expression, known):
        said = catalogue.text("tools.eval_unvalued", locale(), name=name)
        help_ = catalogue.text("tools.lint_meant", locale(), suggestion=near) if near else ""
        say(f"{said} {help_}".strip(), err=True)


@group.command()
@click.argument("old")
@click.argument("new")
@FORMAT
def diff(old: str, new: str, format_: str) -> None:
    """Say what the form NEW changes and what that does to answers given to OLD."""
    changes = differences(_definition(old), _definition(new))
    for change in changes:
        say(as_line(_change_json(change)) if format_ == "json" else _change_text(change))
    if not changes and format_ == "text":
        say(catalogue.text("tools.diff_none", locale()))


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "pointer": change.pointer,
        "effects": list(change.effects),
        **change.details,
    }


def _change_text(change: Change) -> str:
    spoken = locale()
    details = {name: _short(value) for name, value in change.details.items()}
    name = change.name or catalogue.text("tools.diff_the_form", spoken)
    effects = [catalogue.text(f"tools.diff_{effect}", spoken) for effect in change.effects]
    what = catalogue.text(f"tools.diff_{change.kind}", spoken, name=name, **details)
    between = "（{}）" if spoken == "zh" else " ({})"
    return what + between.format(("、" if spoken == "zh" else ", ").join(effects))


def _short(value: object) -> str:
    """A value of a definition as a person reads it in a sentence."""
    if value is None:
        return catalogue.NOTHING
    return wire.shortened(value if isinstance(value, str) else as_line(value), 80)


@group.command()
def schema() -> None:
    """Print the JSON Schema of form definitions."""
    say(json.dumps(published_schema(), ensure_ascii=False, indent=2))


@group.command("import")
@click.argument("file")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the form to this file.")
@FORMAT
def import_(file: str, out: Path | None, format_: str) -> None:
    """Turn a SurveyJS definition into one of ours and say what was understood and what was not."""
    try:
        source = wire.loads(content_of(file))
    except wire.Unreadable as error:
        raise click.ClickException(catalogue.sentence(error.code, locale(), **error.params)) from None
    result = converted(source)
    text = json.dumps(result.definition, ensure_ascii=False, indent=2)
    if out is None:
        say(text)
    else:
        out.write_text(text + "\n", "utf-8")
    # The form itself goes to the output, so that it can be piped; the report then goes beside it.
    for note in result.notes:
        say(as_line(_note_json(note)) if format_ == "json" else _note_text(note), err=out is None)
    if format_ == "text":
        say(catalogue.text("tools.import_summary", locale(), **result.counts), err=out is None)


def _note_json(note: Note) -> dict[str, Any]:
    return {"pointer": note.pointer, "kind": note.kind, "code": note.code, "params": dict(note.params)}


def _note_text(note: Note) -> str:
    said = catalogue.sentence(note.code, locale(), **note.params)
    return f"{note.pointer or '/'}: {catalogue.text(f'tools.import_{note.kind}', locale(), note=said)}"


@group.command()
@FORM
@click.option("--port", default=8765, show_default=True)
@VARIABLES
def preview(form: str, port: int, variables: Mapping[str, Any]) -> None:
    """Serve the pages of a form on this machine to walk through. Nothing is stored."""
    app = create_preview(_definition(form), variables)
    server = make_server("127.0.0.1", port, app)
    url = f"http://127.0.0.1:{server.port}/"
    say(catalogue.text("tools.preview_serving", locale(), url=url))
    server.serve_forever()


# Those of this file, which need no settings; others add commands to the group that do.
ON_FILES = (lint, check, score, evaluate, diff, schema, import_, preview)
