"""Measures what the channel model gains in the worlds of `channel_world`, beside 0.1.0's gains."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.channel.channel_trials import (
    Valued,
    fit_world,
    learned_choice,
    messages_of,
    per_channel_choice,
)
from benchmarks.channel.channel_world import draw_world, open_rate_rule
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.seed_means import SeedMean
from benchmarks.rows import Row

# By world, a gain for each of the first seeds; measured with the models of 0.1.0.
EARLIER = Path(__file__).parent / "gains_at_0.1.0.json"
_SEEDS, _COVERAGE_SEEDS = 20, 100
_RIVALS = ("LightGBM per channel", "open-rate rule")
_COVERAGE = (0.90, 0.99)
_WIDTH = 2.3


class PresentWorld(msgspec.Struct, frozen=True):
    """A world of `channel_world`, and what is to be reached in it.

    Attributes
    ----------
    title : str
        What the rows call it.
    draw : dict of str to object
        Arguments of `draw_world`.
    mean, worst : float or None
        Least mean gain and least gain of a seed, in %; None where there is no goal.
    rivals : bool
        Rivals are measured too.
    """

    title: str
    draw: dict[str, Any]
    mean: float | None = None
    worst: float | None = None
    rivals: bool = False


PRESENT: dict[str, PresentWorld] = {
    "explored_20": PresentWorld("20 % exploration", {"random_share": 0.2}, 10),
    "explored_10": PresentWorld("10 % exploration", {"random_share": 0.1}, 8, 0, rivals=True),
    "explored_5": PresentWorld("5 % exploration", {"random_share": 0.05}, 4, -6),
    "steps_10": PresentWorld(
        "10 % exploration, steps", {"random_share": 0.1, "steps": True}, mean=5
    ),
    "crossed_10": PresentWorld(
        "10 % exploration, the log's slope of e-mail misleads",
        {"random_share": 0.1, "crossed": True},
    ),
}


class GainRecord(msgspec.Struct, frozen=True):
    """True gains over the best fixed channel in one world and seed, in %.

    Attributes
    ----------
    choice : float
        Of the model's choice.
    rivals : dict of str to float
        Of rivals, by name; empty where they are not measured.
    """

    choice: float
    rivals: dict[str, float]


class ValueRecord(msgspec.Struct, frozen=True):
    """An estimated value of the cross-fitted policy beside its true value, conversions per send."""

    value: float
    low: float
    high: float
    true: float


def measure_present_worlds(kept: KeptRecords) -> Iterator[Row]:
    """Learn in each of the worlds, and hold the true gain against its goal.

    Parameters
    ----------
    kept : KeptRecords
        Where records are kept.

    Yields
    ------
    Row
        A figure; those beside version 0.1.0 are paired by seed.
    """
    earlier = json.loads(EARLIER.read_text())
    for name, world in PRESENT.items():
        records = kept.of_seeds(f"present/{name}", _SEEDS, partial(learn, world), GainRecord)
        yield from _gains(world, records)
        if name in earlier:
            yield _paired(world, records, earlier[name])
    yield _unexplored(kept)
    yield from _coverage(kept)
    yield _power(kept)


def learn(world: PresentWorld, seed: int) -> GainRecord:
    """Learn in one world, and compute the true gains of the choices.

    Parameters
    ----------
    world : PresentWorld
        What is drawn.
    seed : int
        Seed of the world.

    Returns
    -------
    GainRecord
    """
    drawn = draw_world(seed, **world.draw)
    choice = drawn.gain(learned_choice(drawn, fit_world(messages_of(drawn))))
    if not world.rivals:
        return GainRecord(choice, {})
    rivals = per_channel_choice(drawn), open_rate_rule(drawn)
    gains = {name: drawn.gain(chosen) for name, chosen in zip(_RIVALS, rivals, strict=True)}
    return GainRecord(choice, gains)


def _gains(world: PresentWorld, records: list[GainRecord]) -> Iterator[Row]:
    ours = np.array([record.choice for record in records])
    goals = (("mean", world.mean), ("worst", world.worst))
    goal = ", ".join(f"{name} >= {least:g}" for name, least in goals if least is not None)
    met = (world.mean is None or ours.mean() >= world.mean) and (
        world.worst is None or ours.min() >= world.worst
    )
    figure = f"{world.title}: true gain over the best fixed channel, %; worst and best seed"
    yield Row(figure, ours.mean(), ours.min(), ours.max(), goal, bool(met) if goal else None)
    for rival in records[0].rivals:
        gains = np.array([record.rivals[rival] for record in records])
        figure = f"{world.title}: the same of {rival}"
        beaten = bool((ours > gains).all())
        yield Row(figure, gains.mean(), gains.min(), gains.max(), "beaten in every seed", beaten)


def _paired(world: PresentWorld, records: list[GainRecord], earlier: list[float]) -> Row:
    """Compare the gains with those of version 0.1.0 in the same seeds."""
    both = zip(records, earlier, strict=False)  # the seeds that both have
    mean = SeedMean.of([record.choice - before for record, before in both])
    met = mean.mean >= -mean.error
    return mean.row(f"{world.title}: gain beyond that of 0.1.0, points", ">= -1 SE", met)


def _unexplored(kept: KeptRecords) -> Row:
    """Learn where nothing was drawn: no choice by customer, no uplift."""

    def is_silent(seed: int) -> bool:
        world = draw_world(seed, random_share=0.0)
        model = fit_world(messages_of(world))
        same = len(set(learned_choice(world, model))) == 1
        return same and model.uplift(messages_of(world)) == {}

    share = float(np.mean(kept.of_seeds("present/unexplored", _SEEDS, is_silent, bool)))
    figure = "no exploration: seeds without a choice by customer and without uplift, share"
    return Row(figure, share, goal="1", met=share == 1)


def _coverage(kept: KeptRecords) -> Iterator[Row]:
    """Hold the interval of our policy's value against its true value."""

    def value(seed: int) -> ValueRecord:
        valued = Valued(draw_world(seed))
        estimate = valued.value()
        return ValueRecord(estimate.value, estimate.low, estimate.high, valued.true_value)

    records = kept.of_seeds("present/coverage", _COVERAGE_SEEDS, value, ValueRecord)
    share = float(np.mean([r.low <= r.true <= r.high for r in records]))
    low, high = _COVERAGE
    met = low <= share <= high
    yield Row("95 % interval of the policy's value covers", share, goal=f"{low} to {high}", met=met)
    spread = np.std([r.value - r.true for r in records], ddof=1) if len(records) > 1 else np.nan
    width = float(np.mean([(r.high - r.low) / 2 for r in records]) / spread)
    figure = "its mean half-width, empirical standard deviations"
    yield Row(figure, width, goal=f"<= {_WIDTH}", met=width <= _WIDTH)


def _power(kept: KeptRecords) -> Row:
    def is_better(seed: int) -> bool:
        return Valued(draw_world(seed, random_share=1.0)).gain().low > 0

    share = float(np.mean(kept.of_seeds("present/power", _SEEDS, is_better, bool)))
    return Row("all drawn at random: gain found", share, goal=">= 0.8", met=share >= 0.8)
