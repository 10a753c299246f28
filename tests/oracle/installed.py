"""The packages of package-lock.json in node_modules, installed once for all workers of a test run."""

from pathlib import Path

from bench import packages

HERE = Path(__file__).parent


def node_modules() -> Path:
    """The folder with survey-core, axe-core and acorn.

    Raises:
        bench.packages.Missing: npm is not there or could not install; with what it said.
    """
    return packages.node_modules(HERE)
