"""Measures what the channel model is worth, and whether its stated intervals are true.

Run with `make bench-channel`. In a world whose truth is known (`channel_world`): what
the learned policy brings over the best fixed channel at several shares of exploration, against
rivals, and how often intervals hold the truth. Then real and published logs: Hillstrom,
Starbucks, Open Bandit.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.channel.channel_trials import (
    Valued,
    fit_world,
    learned_choice,
    messages_of,
    per_channel_choice,
)
from benchmarks.channel.channel_world import draw_world, open_rate_rule
from benchmarks.channel.hillstrom import measure_hillstrom
from benchmarks.channel.open_bandit import measure_open_bandit, measure_synthetic
from benchmarks.channel.starbucks import measure_starbucks
from benchmarks.rows import Row, report_each
from features.arrays import Floats

# share drawn at random, whether effects are steps, and what mean and worst seed are to reach
_WORLDS = (
    (0.20, False, 10.0, None),
    (0.10, False, 8.0, 0.0),
    (0.05, False, 4.0, -6.0),
    (0.10, True, 5.0, None),
)
_RIVALS_AT = 0.10
_COVERAGE = (0.90, 0.99)
_WIDTH = 2.3


def main() -> None:
    """Measure all figures, with as many seeds as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--coverage-seeds", type=int, default=100)
    arguments = parser.parse_args()
    report_each("channel", _measure(arguments.seeds, arguments.coverage_seeds))


def _measure(seeds: int, coverage_seeds: int) -> Iterator[Row]:
    for share, steps, mean, worst in _WORLDS:
        yield from _world(seeds, share, steps, mean, worst)
    yield from _crossed(seeds)
    yield from _unexplored(seeds)
    yield from _coverage(coverage_seeds)
    yield from _power(seeds)
    yield from measure_hillstrom()
    yield from measure_starbucks()
    yield from measure_open_bandit()
    yield from measure_synthetic()


def _world(
    seeds: int, share: float, steps: bool, mean: float, worst: float | None
) -> Iterator[Row]:
    """Learn in one world after the other, and hold the true gain against its goal."""
    ours, rivals = [], []
    for seed in range(seeds):
        world = draw_world(seed, random_share=share, steps=steps)
        ours.append(world.gain(learned_choice(world, fit_world(messages_of(world)))))
        if share == _RIVALS_AT and not steps:
            choices = per_channel_choice(world), open_rate_rule(world)
            rivals.append([world.gain(choice) for choice in choices])
    name = f"{100 * share:.0f} % exploration{', steps' if steps else ''}"
    true_gains = np.array(ours)
    goal = f"mean >= {mean:g}" + ("" if worst is None else f", worst >= {worst:g}")
    met = true_gains.mean() >= mean and (worst is None or true_gains.min() >= worst)
    figure = f"{name}: true gain over the best fixed channel, %; worst and best seed"
    yield Row(figure, true_gains.mean(), true_gains.min(), true_gains.max(), goal, bool(met))
    if rivals:
        yield from _rivals(name, true_gains, np.array(rivals))


def _rivals(name: str, ours: Floats, theirs: Floats) -> Iterator[Row]:
    for rival, gains in zip(("LightGBM per channel", "open-rate rule"), theirs.T, strict=True):
        beaten = bool((ours > gains).all())
        figure = f"{name}: the same of {rival}"
        yield Row(figure, gains.mean(), gains.min(), gains.max(), "beaten in every seed", beaten)


def _crossed(seeds: int) -> Iterator[Row]:
    """Learn where the log's slope of e-mail has the wrong sign."""
    worlds = [draw_world(seed, random_share=_RIVALS_AT, crossed=True) for seed in range(seeds)]
    true_gains = np.array([w.gain(learned_choice(w, fit_world(messages_of(w)))) for w in worlds])
    figure = "10 % exploration, the log's slope of e-mail misleads: the same"
    yield Row(figure, true_gains.mean(), true_gains.min(), true_gains.max())


def _unexplored(seeds: int) -> Iterator[Row]:
    """Learn where nothing was drawn: no choice by customer, no uplift."""
    silent = []
    for seed in range(seeds):
        world = draw_world(seed, random_share=0.0)
        model = fit_world(messages_of(world))
        same = len(set(learned_choice(world, model))) == 1
        silent.append(same and model.uplift(messages_of(world)) == {})
    share = float(np.mean(silent))
    figure = "no exploration: seeds without a choice by customer and without uplift, share"
    yield Row(figure, share, goal="1", met=share == 1)


def _coverage(seeds: int) -> Iterator[Row]:
    """Hold the interval of our policy's value against its true value."""
    errors, widths, inside = [], [], []
    for seed in range(seeds):
        valued = Valued(draw_world(seed))
        estimate = valued.value()
        errors.append(estimate.value - valued.true_value)
        widths.append((estimate.high - estimate.low) / 2)
        inside.append(estimate.low <= valued.true_value <= estimate.high)
    share = float(np.mean(inside))
    low, high = _COVERAGE
    met = low <= share <= high
    yield Row("95 % interval of the policy's value covers", share, goal=f"{low} to {high}", met=met)
    width = float(np.mean(widths) / np.std(errors, ddof=1))
    figure = "its mean half-width, empirical standard deviations"
    yield Row(figure, width, goal=f"<= {_WIDTH}", met=width <= _WIDTH)


def _power(seeds: int) -> Iterator[Row]:
    is_better = [Valued(draw_world(seed, random_share=1.0)).gain().low > 0 for seed in range(seeds)]
    share = float(np.mean(is_better))
    yield Row("all drawn at random: gain found", share, goal=">= 0.8", met=share >= 0.8)


if __name__ == "__main__":
    main()
