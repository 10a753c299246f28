"""Questions to Node: one process, one line of JSON for each case and one for each answer."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.oracle.installed import HERE, node_modules

Case = dict[str, Any]
Answer = dict[str, Any]
ORACLE = HERE / "oracle.js"


def ask(cases: Iterable[Case], script: Path = ORACLE, *arguments: str) -> list[Answer]:
    """The oracle's answers, in the order of the cases.

    Raises:
        RuntimeError: the process failed or left a case unanswered.
    """
    node_modules()
    lines = [json.dumps(case, ensure_ascii=False) for case in cases]
    done = subprocess.run(
        ("node", str(script), *arguments),
        input="\n".join(lines),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "TZ": "UTC"},
        timeout=300,
        check=False,
    )
    # Only line breaks of the protocol separate answers: a text may hold U+2028, which splitlines() cuts.
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if done.returncode or len(answers) != len(lines):
        raise RuntimeError(f"{len(answers)} of {len(lines)} cases answered:\n{done.stderr[-2000:]}")
    return answers
