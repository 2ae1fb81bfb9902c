"""Compares forecasts of spend over the horizon: Gamma-Gamma and hurdles (`make bench-value`).

Every model is P(a purchase within H), which is the churn model's own for all of them, times what
a customer spends given one:

- Nextbuy: purchases by BG/NBD, distributed among customers by a booster, times Gamma-Gamma.
- Gamma-Gamma: purchases by BG/NBD alone, times Gamma-Gamma.
- hurdle, ...: LightGBM on those who returned: of the logarithm of what they spent, with Duan's
  smearing (1983, "Smearing Estimate"), or with a gamma or Tweedie deviance.
- corrected: a booster with a gamma deviance that starts from BG/NBD times Gamma-Gamma.

The origins are those of `benchmarks.purchase.quality`; nothing is searched.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import xlogy

from benchmarks.purchase.origins import SIMULATED, Origin, fit_origin, report_logs
from benchmarks.purchase.real_logs import LOGS
from benchmarks.rows import Row, report_each
from features.arrays import Floats
from features.errors import NextbuyError
from features.log.log import read_log
from features.shop.shop import read_shop
from models.boosters.booster import column_matrix
from models.purchase.value import further_purchases
from models.purchase.value_fit import further_purchases_by_row
from training.metrics.bootstrap import paired_difference

OURS, GAMMA_GAMMA = "Nextbuy", "Gamma-Gamma"
_PARAMETERS = {
    "learning_rate": 0.03, "num_leaves": 7, "min_data_in_leaf": 200, "feature_fraction": 0.6,
    "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 63, "deterministic": True,
    "force_row_wise": True, "seed": 20, "num_threads": 2, "verbosity": -1,
}  # fmt: skip
_STARTED = {"lambda_l2": 50.0, "boost_from_average": False}  # from an offset
_ALONE = {"lambda_l2": 20.0}


@dataclass(frozen=True)
class Judged:
    """Expected and actual spend and purchases of everybody at one origin.

    Attributes
    ----------
    customer : Series (n,)
        Ids.
    spend, purchases : array (n,)
        What came: minor units, and days with a purchase.
    expected, expected_purchases : dict of str to array (n,)
        What each model expected, in the same units.
    """

    customer: pd.Series
    spend: Floats
    purchases: Floats
    expected: Mapping[str, Floats]
    expected_purchases: Mapping[str, Floats]


@dataclass(frozen=True)
class _Returners:
    """The rows that a second stage learns from, and the population that it is asked about.

    `base` and `ahead` are BG/NBD times Gamma-Gamma of both, in units of `unit`.
    """

    rows: Floats
    spend: Floats
    weight: Floats
    base: Floats
    population: Floats
    ahead: Floats
    unit: float


def main() -> None:
    """Judge the logs that the command line names, by default all."""
    names = [*LOGS, *SIMULATED]
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", action="append", choices=names)
    report_each("value", report_logs(parser.parse_args().log or names, _measure))


def _measure(name: str, shop: Path, origins: Sequence[str]) -> Iterator[Row]:
    log = read_log(read_shop(shop))
    yield from _report(name, [_judge(fit_origin(log, origin)) for origin in origins])


def _judge(at: Origin) -> Judged:
    """Forecast everybody's spend by every model."""
    returns = 1.0 - at.forecast.p_churn
    further = further_purchases(at.timing.btyd, at.population, at.slices.horizon_days)
    alone = returns * (1.0 + further)
    each = at.timing.expected_spend_per_purchase(at.population)
    if each is None or at.forecast.expected_spend is None:
        raise NextbuyError("this log has too few repeat buyers for a Gamma-Gamma to compare with")
    known = _returners(at, (1.0 + further) * each)
    expected = {OURS: at.forecast.expected_spend, GAMMA_GAMMA: alone * each}
    expected |= {name: returns * hurdle(known) for name, hurdle in _HURDLES.items()}
    return Judged(
        at.population["customer_id"],
        at.labels["spend"].to_numpy(dtype=float),
        at.labels["purchase_days"].to_numpy(dtype=float),
        expected,
        {OURS: at.forecast.expected_purchases, "BG/NBD": alone},
    )


def _returners(at: Origin, ahead: Floats) -> _Returners:
    """Take the rows with a return that was paid for; a free order has no logarithm."""
    slices = at.slices
    paid = (slices.labels["spend"] > 0).to_numpy()
    each = at.timing.expected_spend_per_purchase(slices.frame)
    spend = slices.labels["spend"].to_numpy(dtype=float)[paid]
    unit = float(np.median(spend))
    return _Returners(
        column_matrix(slices.frame[paid], slices.columns),
        spend / unit,
        slices.weights[paid],
        ((1.0 + further_purchases_by_row(slices)) * each)[paid] / unit,
        column_matrix(at.population, slices.columns),
        ahead / unit,
        unit,
    )


def _hurdle(objective: str) -> Callable[[_Returners], Floats]:
    def expect(known: _Returners) -> Floats:
        booster = _fit(known, known.spend, {"objective": objective} | _ALONE, rounds=200)
        return np.asarray(booster.predict(known.population)) * known.unit

    return expect


def _of_logarithm(known: _Returners) -> Floats:
    logs = np.log(known.spend)
    booster = _fit(known, logs, {"objective": "regression"} | _ALONE, rounds=300)
    left = np.exp(logs - booster.predict(known.rows))
    smearing = np.average(left, weights=known.weight)
    return np.asarray(smearing * np.exp(booster.predict(known.population)) * known.unit)


def _corrected(known: _Returners) -> Floats:
    parameters = {"objective": "gamma"} | _STARTED
    booster = _fit(known, known.spend, parameters, rounds=160, start=np.log(known.base))
    correction = booster.predict(known.population, raw_score=True)
    return np.asarray(known.ahead * np.exp(correction) * known.unit)


_HURDLES: dict[str, Callable[[_Returners], Floats]] = {
    "hurdle, log amount": _of_logarithm,
    "hurdle, gamma": _hurdle("gamma"),
    "hurdle, Tweedie": _hurdle("tweedie"),
    "corrected": _corrected,
}


def _fit(
    known: _Returners,
    outcome: Floats,
    parameters: Mapping[str, Any],
    *,
    rounds: int,
    start: Floats | None = None,
) -> lgb.Booster:
    parameters = {**_PARAMETERS, **parameters}
    data = lgb.Dataset(
        known.rows, label=outcome, weight=known.weight, init_score=start, params=parameters
    )
    return lgb.train(parameters, data, num_boost_round=rounds)


def _report(log: str, judged: Sequence[Judged]) -> Iterator[Row]:
    """Compare over the origins of a log."""
    customer = pd.concat([j.customer for j in judged]).to_numpy()
    spend = np.concatenate([j.spend for j in judged])
    expected = _together([j.expected for j in judged])
    for name, value in expected.items():
        yield Row(f"{log}: {name}: MAE of spend, minor units", np.abs(spend - value).mean())
        yield Row(f"{log}: {name}: R2", 1 - np.mean((spend - value) ** 2) / spend.var())
        gini = _gini(spend, value) / _gini(spend, spend)
        yield Row(f"{log}: {name}: normalised Gini", gini)
        yield Row(f"{log}: {name}: total bias, %", 100 * (value.sum() / spend.sum() - 1))
    yield from _against(f"{log}: spend", spend, expected, GAMMA_GAMMA, customer)
    purchases = np.concatenate([j.purchases for j in judged])
    counts = _together([j.expected_purchases for j in judged])
    for name, value in counts.items():
        bias = 100 * (value.sum() / purchases.sum() - 1)
        yield Row(f"{log}: purchases, {name}: total bias, %", bias)
    yield from _against(f"{log}: purchases", purchases, counts, "BG/NBD", customer)


def _poisson(came: Floats, expected: Floats) -> Floats:
    """Return each row's share of the Poisson deviance, of amounts as well as of counts."""
    expected = np.maximum(expected, 1e-9)
    return np.asarray(2 * (xlogy(came, came / expected) - came + expected))


_ERRORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "absolute error": lambda came, expected: np.abs(came - expected),
    "squared error": lambda came, expected: (came - expected) ** 2,
    "Poisson deviance": _poisson,
}


def _against(
    label: str, came: Floats, expected: Mapping[str, Floats], rival: str, customer: NDArray[Any]
) -> Iterator[Row]:
    """Compare all models with one rival.

    The absolute error flatters who expects too little where most spend nothing; the squared one
    hangs on a few of the largest. The Poisson deviance is in between, and as proper.
    """
    for error, measure in _ERRORS.items():
        loss = {name: measure(came, value) for name, value in expected.items()}
        base = loss.pop(rival)
        for name, ours in loss.items():
            difference = paired_difference(ours, base, customer)
            text = f"{label}, {name}: {error} against {rival}, %"
            yield Row(text, difference.percent, difference.low, difference.high)


def _together(parts: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _gini(came: Floats, score: Floats) -> float:
    """Area between the gains curve, customers of the highest score first, and the diagonal."""
    gains = came[np.argsort(-score, kind="stable")].cumsum() / came.sum()
    return float(gains.mean() - 0.5)


if __name__ == "__main__":
    main()
