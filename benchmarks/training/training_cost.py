"""Measures what training costs for a million customers, and what more customers gain.

Run with `make bench-training`. The log is orders alone of a simulated shop; features are built
once and not counted. Both models are then fitted to ever more of its customers, each time in a
separate process, and judged on the same customers at a later cutoff. Where the curve has become
flat is how many a training reads: `training.purchase.populations.MAX_CUSTOMERS`.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from benchmarks.measured import Usage
from benchmarks.rows import Row, report_each
from benchmarks.training.simulated_orders import write_simulated_orders
from benchmarks.training.training_tasks import Fitted, read_judged
from features.arrays import Floats
from nextbuy.simulator.profiles import ProfileName
from training.metrics.bootstrap import paired_difference
from training.metrics.probabilities import log_loss_by_row, mean_log_loss
from training.purchase.populations import MAX_CUSTOMERS

# of 100,000 customers; of a million these are 10k, 20k, 40k, 62k, 125k, 250k, 500k and all
_SHARES = (1_000, 2_000, 4_000, 6_250, 12_500, 25_000, 50_000, 100_000)
_FLAT = 0.1  # %: what is left to gain where the curve counts as flat
_MINUTES, _GIB = 30, 8
_BUILD_GIB = 12
_DRAWS = 300
T = TypeVar("T")


def main() -> None:
    """Measure a log of as many customers as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--profile", choices=list(ProfileName), default=ProfileName.sparse)
    arguments = parser.parse_args()
    report_each("training", _measure(arguments.customers, arguments.profile))


def _measure(customers: int, profile: str) -> Iterator[Row]:
    yield Row("customers in the log, thousands", customers / 1e3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_simulated_orders(folder, customers, profile)
        gib = run(folder, Usage, "build").gib
        goal = f"<= {_BUILD_GIB}"
        yield Row("building the features, peak GiB", gib, goal=goal, met=gib <= _BUILD_GIB)
        share = max(1, round(1e5 * min(1.0, MAX_CUSTOMERS / customers)))
        measured = run(folder, Fitted, "fit_catalog", share)
        yield from _whole(
            f"{measured.customers:,} customers, {measured.features} features", measured
        )
        fitted: dict[int, Fitted] = {}
        for share in _SHARES:
            fitted[share] = measured = run(folder, Fitted, "fit", share)
            yield from _cost(
                f"{measured.customers:,} customers, {measured.features} features", measured
            )
        yield from curve(folder, fitted)


def run(folder: Path, kind: type[T], task: str, *share: int) -> T:
    """Run a task of `training_tasks` in a separate process.

    Parameters
    ----------
    folder : Path
        Where the shop and the built features are.
    kind : type
        Type of the task's result.
    task : str
        Name of the task.
    share : int
        Customers to learn from, of 100,000.

    Returns
    -------
    instance of `kind`
    """
    arguments = [task, str(folder), *map(str, share)]
    command = [sys.executable, "-m", "benchmarks.training.training_tasks", *arguments]
    return msgspec.json.decode(subprocess.check_output(command), type=kind)


def _cost(label: str, fitted: Fitted) -> Iterator[Row]:
    usage = fitted.usage
    yield Row(f"{label}, {fitted.rows / 1e3:,.0f} thousand rows: CPU s", usage.cpu)
    yield Row(f"{label}: wall s", usage.wall)
    yield Row(f"{label}: peak GiB", usage.gib)


def _whole(label: str, fitted: Fitted) -> Iterator[Row]:
    """Hold what a training reads of so large a shop against the budget."""
    minutes, gib = fitted.usage.wall / 60, fitted.usage.gib
    yield Row(f"{label}: CPU minutes", fitted.usage.cpu / 60)
    yield Row(f"{label}: wall minutes", minutes, goal=f"<= {_MINUTES}", met=minutes <= _MINUTES)
    yield Row(f"{label}: peak GiB", gib, goal=f"<= {_GIB}", met=gib <= _GIB)


def curve(folder: Path, fitted: dict[int, Fitted]) -> Iterator[Row]:
    """Compare models fitted to each sample with those fitted to everybody, on the same customers.

    Parameters
    ----------
    folder : Path
        Where the fits' forecasts are kept.
    fitted : dict of int to Fitted
        Fits by their customers of 100,000, the whole last.

    Yields
    ------
    Row
        Differences in %, and the fewest customers that are as good.
    """
    *samples, everybody = fitted
    whole, flat = read_judged(folder, everybody), []
    rivals = losses(whole)
    for share in samples:
        label = f"{fitted[share].customers:,} customers"
        gains = []
        for name, loss in losses(read_judged(folder, share)).items():
            difference = paired_difference(loss, rivals[name], whole["customer_id"], draws=_DRAWS)
            yield Row(
                f"{label}: {name} over that of all, %",
                difference.percent,
                difference.low,
                difference.high,
            )
            gains.append(difference.high)
        if max(gains) <= _FLAT:
            flat.append(fitted[share].customers)
    fewest = min(flat, default=fitted[everybody].customers)
    yield Row(f"fewest customers within {_FLAT:g} % of all by every score", fewest)


def losses(judged: pd.DataFrame) -> dict[str, Floats]:
    """Compute each customer's losses by name.

    No number of past customers tells how many will buy next quarter: so the log-loss is also given
    with its level set right in hindsight, for everybody alike. That is what a sample's size can
    change.

    Parameters
    ----------
    judged : DataFrame
        One row per customer (n rows): `returned, p_return, crps`.

    Returns
    -------
    dict of str to array (n,)
        Log-loss in nats, the same with the level set right, and CRPS in days.
    """
    returned = judged["returned"].to_numpy()
    score = logit(judged["p_return"].to_numpy())
    level = minimize_scalar(
        lambda shift: mean_log_loss(returned, expit(score + shift)), bounds=(-2, 2)
    )
    return {
        "log-loss": log_loss_by_row(returned, expit(score)),
        "log-loss, the level set right,": log_loss_by_row(returned, expit(score + level.x)),
        "CRPS": judged["crps"].to_numpy(),
    }


if __name__ == "__main__":
    main()
