"""Measures what the channel model is worth, and whether its stated effects and intervals are true.

Run with `make bench-channel`, or one part of it with `make bench-channel PART=no_effect`. A part
takes at most an hour on one core. The record of each seed is kept in `benchmarks/results/channel`,
so that a part that was stopped goes on where it stopped, and the whole can be reported once all
parts have run; `--fresh` runs everything again, as is right after a change of the model.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain

from benchmarks.channel.chance_trials import measure_chances
from benchmarks.channel.consent_figures import EFFECTS, NO_EFFECT, measure_consent_worlds
from benchmarks.channel.hillstrom import measure_hillstrom
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.open_bandit import measure_open_bandit, measure_synthetic
from benchmarks.channel.present_worlds import measure_present_worlds
from benchmarks.channel.starbucks import measure_starbucks
from benchmarks.channel.study_trials import measure_study
from benchmarks.rows import Row, report_each

_LOGS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "hillstrom": measure_hillstrom,
    "starbucks": measure_starbucks,
    "open_bandit": measure_open_bandit,
    "synthetic": measure_synthetic,
}


def measure_logs(kept: KeptRecords) -> Iterator[Row]:
    """Measure choices and estimators on real and published logs.

    Parameters
    ----------
    kept : KeptRecords
        Where the rows of each log are kept.

    Yields
    ------
    Row
        A figure of a log.
    """
    for name, measure in _LOGS.items():
        yield from kept.read_or_make(f"logs/{name}", partial(_all_rows, measure), list[Row])


def _all_rows(measure: Callable[[], Iterator[Row]]) -> list[Row]:
    return list(measure())


# name of a part, and of its folders of records -> what measures it
PARTS: dict[str, Callable[[KeptRecords], Iterator[Row]]] = {
    "present": measure_present_worlds,
    "no_effect": partial(measure_consent_worlds, worlds=NO_EFFECT),
    "effects": partial(measure_consent_worlds, worlds=EFFECTS),
    "propensities": measure_chances,
    "study": measure_study,
    "logs": measure_logs,
}


def main() -> None:
    """Measure all parts, or the one that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="one part; all without it")
    parser.add_argument("--seeds", type=int, help="at most so many seeds of each trial")
    parser.add_argument("--fresh", action="store_true", help="ignore the records that are kept")
    arguments = parser.parse_args()
    kept = KeptRecords(fresh=arguments.fresh, most_seeds=arguments.seeds)
    if arguments.part is None:
        report_each("channel", chain.from_iterable(part(kept) for part in PARTS.values()))
    else:
        report_each(f"channel_{arguments.part}", PARTS[arguments.part](kept))


if __name__ == "__main__":
    main()
