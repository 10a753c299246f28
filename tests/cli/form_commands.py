"""What the tests of `flask forms …` share: an application without settings, files, and what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from server.cli.settingless import create_settingless

REASON = "DATABASE_URL is not set."
BAD = """{
  "title": "店面检查",
  "pages": [{"name": "p", "elements": [
    {"type": "text", "name": "entered", "title": "进店时间", "isRequierd": true},
    {"type": "text", "name": "b", "title": "乙", "visibleIf": "{entred} notempty"},
    {"type": "tagbox", "name": "c", "title": "丙"}
  ]}]
}
"""
FORM = {
    "pages": [
        {
            "name": "p",
            "elements": [
                {"type": "radiogroup", "name": "a", "title": "A", "choices": ["y", "n"], "isRequired": True},
                {"type": "text", "name": "b", "title": "B", "visibleIf": "{a} = 'n'", "defaultValue": "why"},
            ],
        },
        {"name": "q", "elements": [{"type": "comment", "name": "c", "title": "C {unit}"}]},
    ],
    "variables": [{"name": "unit"}],
}


def settingless(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application as a machine without settings has it, in an English terminal."""
    for name in ("LC_ALL", "LC_MESSAGES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return create_settingless(REASON)


def run(app: Flask, *arguments: str | Path, stdin: str = "", **given: Any) -> Result:
    return app.test_cli_runner().invoke(args=["forms", *map(str, arguments)], input=stdin, **given)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(folder: Path, content: object, name: str = "form.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path
