"""Compares the purchase models with every baseline on real logs (`make bench-quality`).

Everything is refitted at each origin on what was known there, with the default settings: nothing
is searched. The last origin of each log was fixed before any model had been seen on it. The
simulated shops are judged against the true chances that only their maker knows.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.purchase.origins import HORIZON, SIMULATED_ORIGIN, fit_origin, report_logs
from benchmarks.purchase.real_logs import LOGS, write_sample
from benchmarks.rows import Row, report_each
from features.arrays import Floats
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from models.crps import crps_by_customer
from nextbuy.simulator.truth import true_p_buy
from training.evaluation.pit_histograms import (
    largest_deviation,
    pit_spans_given_return,
    pit_spans_of_law,
    window_coverage,
)
from training.metrics.bootstrap import paired_difference
from training.metrics.probabilities import auc, ece, frequency_buckets
from training.purchase.baselines import BASELINES

OURS = "Nextbuy"
_BTYD = ("BG/NBD", "MBG/NBD")
_SAMPLE = 600  # customers of the small logs
# Profile: correlation with the truth to reach. Who knows all but the latent state has .68 and .87.
_SIMULATED = {"sparse": 0.60, "dense": 0.86}
_MIN_RETURNERS = 300  # of a frequency bucket whose window is judged


@dataclass(frozen=True)
class Goals:
    """Goals to be reached on one log.

    Attributes
    ----------
    btyd : float
        Our CRPS against the best BTYD model's over all origins, in %.
    ece : float
        Expected calibration error at 30 and at 90 days.
    deviation : float
        Largest deviation of the PIT.
    """

    btyd: float
    ece: float
    deviation: float


_GOALS = {
    "CDNOW": Goals(-1.16, 0.015, 0.02),
    "Online Retail II": Goals(-4.0, 0.025, 0.03),
    "Complete Journey": Goals(-5.0, 0.02, 0.03),
}
# Ninety-nine days of history before the same season a year ago: what can be asked there is less.
_YOUNG = ("Online Retail II", "2011-03-10")


@dataclass(frozen=True)
class Judged:
    """The laws F(h) of all models at one origin, and what came after it."""

    origin: str
    customer: pd.Series
    frequency: Floats
    days: NDArray[np.int_]
    laws: dict[str, Floats]

    def loss(self, model: str) -> Floats:
        """CRPS of each customer, in days."""
        return crps_by_customer(self.days, self.laws[model])


def main() -> None:
    """Judge the logs that are asked for, by default all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", action="append", choices=[*LOGS, *_SIMULATED])
    names = parser.parse_args().log or [*LOGS, *_SIMULATED]
    report_each("quality", report_logs(names, _measure))


def _measure(name: str, shop: Path, origins: Sequence[str]) -> Iterator[Row]:
    if name in _SIMULATED:
        yield from _simulated(name, shop)
        return
    yield from _real(name, read_log(read_shop(shop)), origins, LOGS[name][2])
    yield _small(name, shop, origins)


def _real(name: str, log: Log, origins: Sequence[str], further: str) -> Iterator[Row]:
    goals = _GOALS[name]
    whole = [_judge(log, origin) for origin in origins]
    for judged in whole:
        young = (name, judged.origin) == _YOUNG
        yield from _by_origin(name, judged, goals, is_young=young)
    aged = [judged for judged in whole if (name, judged.origin) != _YOUNG]
    yield from _together(name, whole, aged, goals)
    yield from _by_origin(f"{name}, further origin", _judge(log, further), goals, is_goal=False)


def _small(name: str, shop: Path, origins: Sequence[str]) -> Row:
    """Compare on a log of few customers, where the boosters have little to go by."""
    sample = write_sample(shop, shop.parent.with_suffix(".small"), _SAMPLE, origins[0])
    log = read_log(read_shop(sample))
    judged = [_judge(log, origin) for origin in origins]
    return _against_btyd(f"{name}, {_SAMPLE} customers", judged, None, upper=1.5)


def _judge(log: Log, origin: str) -> Judged:
    """Fit all models at an origin, and forecast for everybody."""
    at = fit_origin(log, origin)
    population = at.population
    laws = {name: baseline(at.slices, population) for name, baseline in BASELINES.items()}
    return Judged(
        origin,
        population["customer_id"],
        population["frequency"].to_numpy(dtype=float),
        at.labels["days_to_next"].to_numpy(),
        {OURS: at.forecast.within[:, : HORIZON + 1]} | laws,
    )


def _by_origin(
    name: str, judged: Judged, goals: Goals, *, is_young: bool = False, is_goal: bool = True
) -> Iterator[Row]:
    """Compare at one origin."""
    label = f"{name} {judged.origin}"
    yield _against_btyd(label, [judged], None, upper=1.0 if is_young else 0.0)
    at_30 = (judged.days > 0) & (judged.days <= 30)
    limit = goals.ece if is_goal and not is_young else None
    for h, bought in ((30, at_30), (90, judged.days > 0)):
        value = ece(bought, judged.laws[OURS][:, h])
        yield _row(f"{label}: ECE at {h} days", value, limit, below=True)


def _together(
    name: str, whole: Sequence[Judged], aged: Sequence[Judged], goals: Goals
) -> Iterator[Row]:
    """Compare over the origins of a log."""
    yield _against_btyd(name, aged, goals.btyd)
    yield _against(f"{name}: CRPS against LightGBM-RFM, %", whole, "LightGBM-RFM", None)
    yield _absolute(name, aged)
    gains = []
    for judged in whole:
        bought = (judged.days > 0) & (judged.days <= 30)
        scores = {model: auc(bought, law[:, 30]) for model, law in judged.laws.items()}
        gains.append(100 * (scores.pop(OURS) - max(scores.values())))
    gain = float(np.mean(gains))
    yield Row(f"{name}: AUC at 30 days over the best baseline, points", gain)
    days = np.concatenate([judged.days for judged in whole])
    law = np.concatenate([judged.laws[OURS] for judged in whole])
    deviation = largest_deviation(pit_spans_of_law(days, law))
    label = f"{name}: D-calibration, largest deviation"
    yield _row(label, deviation, goals.deviation, below=True)
    frequency = np.concatenate([judged.frequency for judged in whole])
    for bucket, rows in frequency_buckets(frequency).items():
        back = rows & (days > 0)
        if back.sum() >= _MIN_RETURNERS:
            covered = window_coverage(pit_spans_given_return(days[back], law[back]))
            met = 0.77 <= covered <= 0.83
            label = f"{name}: 80 % window given a return, frequency {bucket}"
            yield Row(label, covered, goal=".77 to .83", met=met)


def _against_btyd(
    label: str, judged: Sequence[Judged], goal: float | None, *, upper: float = 0.0
) -> Row:
    """Compare with the better of both BTYD baselines."""
    rival = min(_BTYD, key=lambda name: sum(j.loss(name).sum() for j in judged))
    return _against(f"{label}: CRPS against {rival}, %", judged, rival, goal, upper=upper)


def _against(
    label: str, judged: Sequence[Judged], rival: str, goal: float | None, *, upper: float = 0.0
) -> Row:
    mine, theirs = (np.concatenate([j.loss(m) for j in judged]) for m in (OURS, rival))
    difference = paired_difference(mine, theirs, pd.concat([j.customer for j in judged]).to_numpy())
    text = f"high <= {upper:g}" if goal is None else f"<= {goal:g}, high <= {upper:g}"
    met = difference.high <= upper and (goal is None or difference.percent <= goal)
    return Row(label, difference.percent, difference.low, difference.high, text, met)


def _absolute(label: str, judged: Sequence[Judged]) -> Row:
    """Report our own CRPS, with the interval of its mean over customers."""
    losses = pd.concat([pd.Series(j.loss(OURS), j.customer) for j in judged])
    by_customer = losses.groupby(level=0).mean()
    half = 1.96 * float(by_customer.std()) / len(by_customer) ** 0.5
    mean = float(losses.mean())
    return Row(f"{label}: CRPS, days", mean, mean - half, mean + half)


def _row(label: str, value: float, goal: float | None, *, below: bool = False) -> Row:
    if goal is None:
        return Row(label, value)
    sign, met = ("<=", value <= goal) if below else (">=", value >= goal)
    return Row(label, value, goal=f"{sign} {goal:g}", met=met)


def _simulated(profile: str, shop: Path) -> Iterator[Row]:
    """Compare P(buy within 30 days) with the truth given each customer's latent state."""
    log = read_log(read_shop(shop))
    at = fit_origin(log, SIMULATED_ORIGIN)
    law = at.forecast.within
    ours = pd.DataFrame({"customer_id": at.population["customer_id"], "ours": law[:, 30]})
    both = ours.merge(true_p_buy(shop.parent, at.slices.cutoff, 30), on="customer_id")
    correlation = float(np.corrcoef(both["ours"], both["p_buy"])[0, 1])
    label = f"simulated, {profile}: correlation with the true P(buy within 30 days)"
    yield _row(label, correlation, _SIMULATED[profile])
    bins = pd.qcut(both["ours"], 15, duplicates="drop")
    means = both.groupby(bins, observed=True)[["ours", "p_buy"]].agg(["mean", "size"])
    gaps = (means["ours"]["mean"] - means["p_buy"]["mean"]).abs()
    error = float(np.average(gaps, weights=means["ours"]["size"]))
    label = f"simulated, {profile}: calibration error against the truth"
    yield _row(label, error, 0.02, below=True)


if __name__ == "__main__":
    main()
