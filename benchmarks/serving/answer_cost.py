"""Measures the CPU of one customer's churn and timing, given the features (`make bench-answer`).

The models are trained on a simulated dense shop with every table, so that their boosters read as
many features as there are. A customer's features come as the service computes them, an array of
one value each; what is timed is what the service then computes with the two models.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row, report_each
from features.arrays import Floats
from features.builds.shop_catalog import read_catalog
from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff
from models.boosters.booster import Columns
from models.purchase.churn import ChurnModel
from models.purchase.forecast import Forecast, make_forecast
from models.purchase.timing import TimingModel
from nextbuy.simulator.simulator import simulate_shop
from training.purchase.recipes import CHURN, TIMING
from training.purchase.slices import make_slices
from training.runs.training_runs import SEED

HORIZON = 90
_CUTOFF = "2025-06-30"
_WARM, _ASKED = 100, 2000
_QUANTILES = (0.5, 0.25, 0.75, 0.1, 0.9)  # those that an answer shows
_GOAL = 600
_SAME = 1e-12


def main() -> None:
    """Measure with models of a shop of so many customers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=4000)
    report_each("answer", _measure(parser.parse_args().customers))


def _measure(customers: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        churn, timing, population = fit_both(Path(folder), customers)
    yield Row("features that the models read", len({*churn.inputs, *timing.inputs}))
    yield from _alone(churn, timing, population)
    many = as_columns(population)
    start = time.process_time_ns()
    answer(churn, timing, many)
    taken = (time.process_time_ns() - start) / 1e3 / len(population)
    yield Row(f"a customer of {len(population):,} asked for at once: CPU us", taken)
    difference = largest_difference(churn, timing, population)
    yield Row(
        "alone against in a batch, largest relative difference",
        difference,
        goal=f"<= {_SAME:g}",
        met=difference <= _SAME,
    )


def fit_both(folder: Path, customers: int) -> tuple[ChurnModel, TimingModel, pd.DataFrame]:
    """Train both purchase models on a simulated shop.

    Parameters
    ----------
    folder : Path
        Where to write the shop.
    customers : int
        Number of customers.

    Returns
    -------
    churn : ChurnModel
        Fitted at `_CUTOFF`.
    timing : TimingModel
        Fitted at `_CUTOFF`.
    population : DataFrame
        Everybody's features at `_CUTOFF`, one row per customer.
    """
    log = read_log(read_shop(simulate_shop(folder, customers)))
    cutoff = read_cutoff(_CUTOFF, log.shop.timezone)
    slices = make_slices(log, cutoff, HORIZON, read_catalog(log, cutoff).without_texts())
    log.close()
    churn = CHURN.fit(slices, CHURN.defaults, SEED)
    return churn, TIMING.fit(slices, TIMING.defaults, SEED), slices.latest


def _alone(churn: ChurnModel, timing: TimingModel, population: pd.DataFrame) -> Iterator[Row]:
    """Ask for one customer after the other, each another one."""
    rows = np.resize(np.arange(len(population)), _WARM + _ASKED)
    columns = as_columns(population)
    taken = []
    for row in rows:
        features = _one(columns, row)
        start = time.process_time_ns()
        answer(churn, timing, features)
        taken.append((time.process_time_ns() - start) / 1e3)
    p10, p50, p90 = np.percentile(taken[_WARM:], [10, 50, 90]).tolist()
    figure = "one customer's churn and timing: p50 (p10 to p90), CPU us"
    yield Row(figure, p50, p10, p90, f"<= {_GOAL}", p50 <= _GOAL)


def answer(churn: ChurnModel, timing: TimingModel, features: Columns) -> Forecast:
    """Compute all that an answer shows of the two purchase models.

    Parameters
    ----------
    churn : ChurnModel
        The churn model.
    timing : TimingModel
        The timing model.
    features : dict of str to array (n,)
        Features of n customers.

    Returns
    -------
    Forecast
    """
    forecast = make_forecast(churn, timing, features)
    forecast.quantile_days(_QUANTILES)
    forecast.expected_days()
    churn.percentile(forecast.p_churn)
    return forecast


def largest_difference(churn: ChurnModel, timing: TimingModel, population: pd.DataFrame) -> float:
    """Find the largest relative difference of F(h) between a customer alone and in a batch.

    Parameters
    ----------
    churn : ChurnModel
        The churn model.
    timing : TimingModel
        The timing model.
    population : DataFrame
        Features, one row per customer; every tenth one is compared.

    Returns
    -------
    float
    """
    columns = as_columns(population)
    together = make_forecast(churn, timing, columns).within[:, 1:]
    alone = [
        make_forecast(churn, timing, _one(columns, row)).within[0, 1:]
        for row in range(0, len(population), 10)
    ]
    return float(np.max(np.abs(np.array(alone) / together[::10] - 1)))


def as_columns(population: pd.DataFrame) -> dict[str, Floats]:
    """Return features as arrays by name, as the service's engine does.

    Parameters
    ----------
    population : DataFrame
        Features, one row per customer (n rows).

    Returns
    -------
    dict of str to array (n,)
    """
    names = [name for name in population if name not in ("customer_id", "cutoff")]
    return {name: population[name].to_numpy(dtype=float) for name in names}


def _one(columns: dict[str, Floats], row: int) -> dict[str, Floats]:
    return {name: values[row : row + 1].copy() for name, values in columns.items()}


if __name__ == "__main__":
    main()
