"""Measures what the channel model is worth, and whether its stated effects and intervals are true.

Run with `make bench-channel`, or one part of it with `make bench-channel PART=no_effect`. A part
takes at most an hour on one core. The record of each seed is kept in `benchmarks/results/channel`,
so that a part that was stopped goes on where it stopped, and the whole can be reported once all
parts have run. `--fresh` deletes the kept records of what is asked for first, as is right after a
change of the model; if that run is stopped, it goes on without `--fresh`.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

from benchmarks.channel.chance_trials import measure_chances
from benchmarks.channel.consent_figures import (
    EFFECTS,
    NO_EFFECT,
    OTHER_EFFECTS,
    measure_consent_worlds,
)
from benchmarks.channel.hillstrom import measure_hillstrom
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.open_bandit import measure_open_bandit, measure_synthetic
from benchmarks.channel.present_worlds import measure_present_worlds
from benchmarks.channel.starbucks import measure_starbucks
from benchmarks.channel.study_trials import measure_study
from benchmarks.channel.world_shops import SHOPS, measure_world_shops
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


@dataclass(frozen=True)
class BenchmarkPart:
    """A part of the benchmark that can be run by itself.

    Attributes
    ----------
    measure : callable
        Makes the rows, with records kept where it is told.
    folders : tuple of str
        Where its records stand.
    """

    measure: Callable[[KeptRecords], Iterator[Row]]
    folders: tuple[str, ...]


PARTS: dict[str, BenchmarkPart] = {
    "present": BenchmarkPart(measure_present_worlds, ("present",)),
    "no_effect": BenchmarkPart(partial(measure_consent_worlds, worlds=NO_EFFECT), tuple(NO_EFFECT)),
    "effects": BenchmarkPart(partial(measure_consent_worlds, worlds=EFFECTS), tuple(EFFECTS)),
    "other_effects": BenchmarkPart(
        partial(measure_consent_worlds, worlds=OTHER_EFFECTS), tuple(OTHER_EFFECTS)
    ),
    "shops": BenchmarkPart(measure_world_shops, tuple(SHOPS)),
    "propensities": BenchmarkPart(measure_chances, ("propensities",)),
    "study": BenchmarkPart(measure_study, ("study",)),
    "logs": BenchmarkPart(measure_logs, ("logs",)),
}


def main() -> None:
    """Measure all parts, or the one that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="one part; all without it")
    parser.add_argument("--seeds", type=int, help="at most so many seeds of each trial")
    parser.add_argument("--fresh", action="store_true", help="delete the kept records first")
    arguments = parser.parse_args()
    kept = KeptRecords(most_seeds=arguments.seeds)
    parts = list(PARTS.values()) if arguments.part is None else [PARTS[arguments.part]]
    if arguments.fresh:
        for folder in chain.from_iterable(part.folders for part in parts):
            kept.forget(folder)
    name = "channel" if arguments.part is None else f"channel_{arguments.part}"
    report_each(name, chain.from_iterable(part.measure(kept) for part in parts))


if __name__ == "__main__":
    main()
