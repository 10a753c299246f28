"""`python -m bench`: start everything, measure in rounds that take turns, print, stop everything."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence

from bench import console, opening, outreach, page, phones, report, settled
from bench.checks import Checks, Disagreement, checks
from bench.commits import Committers
from bench.load import Sample
from bench.measurements import CLIENTS, Measurement, measurements
from bench.packages import Missing
from bench.photos import photos
from bench.report import Results
from bench.serving import Served, served
from server.embedded.messages import EmbeddedError

WARM_UP_SECONDS = 1.5


def main() -> int:
    options = _options()
    # An ordinary kill must stop what we started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.million:
            print(console.measure())
            return 0
        if options.kills:
            endured = outreach.measure_kills(options.kills, options.messages)
            print(outreach.sentence(endured))
            return 1 if endured.broken else 0
        if options.phone_kills:
            carried = phones.measure_kills(options.phone_kills, options.photos)
            print(phones.sentence(carried))
            return 1 if carried.broken else 0
        # First of all, before PostgreSQL takes its seconds to start: checkers that disagree end the run.
        with checks() as of_forms, served() as world:
            results = _measure(world, of_forms, options)
    except (EmbeddedError, Disagreement, Missing) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(report.as_json(results), indent=2) if options.json else report.markdown(results))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, side by side in one run.")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement in each round")
    parser.add_argument("--rounds", type=int, default=5, help="the median of which is quoted")
    parser.add_argument("--openings", type=int, default=3, help="of each page on a slow phone")
    parser.add_argument(
        "--million", action="store_true", help="instead: the console's pages over a million submissions"
    )
    parser.add_argument(
        "--kills",
        type=int,
        default=0,
        help="instead: kill workers during a campaign and count who was reached",
    )
    parser.add_argument("--messages", type=int, default=20_000, help="of the campaign with kills")
    parser.add_argument(
        "--phone-kills",
        type=int,
        default=0,
        help="instead: kill a shopper's phone during a visit and count what arrived",
    )
    parser.add_argument("--photos", type=int, default=200, help="of the visit on the phone that is killed")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args()


def _measure(world: Served, of_forms: Checks, options: argparse.Namespace) -> Results:
    print("pages on a slow phone", file=sys.stderr)
    openings = opening.measure(world, options.openings)
    with Committers(world.database_url, CLIENTS) as committers, photos() as of_photos:
        over_http = measurements(world, committers)
        listed = [*over_http, *of_forms.measurements, *of_photos]
        samples = _in_turns(listed, options.seconds, options.rounds)
    return Results(
        http=report.rows(over_http, samples),
        forms=report.rows(of_forms.measurements, samples),
        photos=report.rows(of_photos, samples),
        pages=page.measure(world),
        more_requests=page.subresources(world),
        openings=openings,
        settled=settled.measure(),
        handed=outreach.measure(),
        missing=(*of_forms.missing, *openings.missing),
    )


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
