"""`python -m bench`: start everything, measure in rounds that take turns, print, stop everything."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence

from bench import page, report
from bench.commits import Committers
from bench.load import Sample
from bench.measurements import CLIENTS, Measurement, measurements
from bench.serving import Served, served
from server.embedded.messages import EmbeddedError

WARM_UP_SECONDS = 1.5


def main() -> int:
    options = _options()
    # An ordinary kill must stop what we started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with served() as world:
            _measure(world, options.seconds, options.rounds, as_json=options.json)
    except EmbeddedError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, side by side in one run.")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement in each round")
    parser.add_argument("--rounds", type=int, default=5, help="the median of which is quoted")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args()


def _measure(world: Served, seconds: float, rounds: int, *, as_json: bool) -> None:
    pages, more = page.measure(world), page.subresources(world)
    with Committers(world.database_url, CLIENTS) as committers:
        listed = measurements(world, committers)
        samples = _in_turns(listed, seconds, rounds)
    rows = [report.row(each, samples[each.key]) for each in listed]
    if as_json:
        print(json.dumps(report.as_json(rows, pages, more), indent=2))
    else:
        print(report.markdown(rows, pages, more))


def _in_turns(listed: Sequence[Measurement], seconds: float, rounds: int) -> dict[str, list[Sample]]:
    """A B C, A B C: whatever else the machine does meanwhile falls on all alike."""
    for each in listed:
        each.run(WARM_UP_SECONDS)
    samples: dict[str, list[Sample]] = {each.key: [] for each in listed}
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        for each in listed:
            samples[each.key].append(each.run(seconds))
    return samples


if __name__ == "__main__":
    sys.exit(main())
