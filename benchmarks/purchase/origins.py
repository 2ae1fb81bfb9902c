"""Fits the purchase models at one cutoff of a log with default settings, for several benchmarks."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmarks.purchase.real_logs import LOGS
from benchmarks.rows import Row
from features.builds.shop_catalog import read_catalog
from features.errors import NextbuyError
from features.log.log import Log
from features.windows import read_cutoff
from models.purchase.churn import ChurnModel
from models.purchase.forecast import Forecast, make_forecast
from models.purchase.slices import Slices
from models.purchase.timing import TimingModel
from nextbuy.simulator.simulator import simulate_shop
from training.purchase.recipes import CHURN, TIMING
from training.purchase.slices import make_slice, make_slices
from training.runs.training_runs import SEED

HORIZON = 90
SIMULATED = ("sparse", "dense")  # profiles
SIMULATED_ORIGIN = "2025-06-30"
_CUSTOMERS = 5000
# (log, its nextbuy.toml, its origins) -> rows
Measure = Callable[[str, Path, Sequence[str]], Iterator[Row]]


@dataclass(frozen=True)
class Origin:
    """The purchase models fitted at one cutoff, with the labels of the horizon after it.

    Attributes
    ----------
    slices : Slices
        What was known at the cutoff.
    population, labels : DataFrame
        Features and outcomes, one row per customer.
    churn : ChurnModel
        Fitted on the slices.
    timing : TimingModel
        Fitted on the slices.
    """

    slices: Slices
    population: pd.DataFrame
    labels: pd.DataFrame
    churn: ChurnModel
    timing: TimingModel

    @cached_property
    def forecast(self) -> Forecast:
        """The forecast of both models for the whole population."""
        return make_forecast(self.churn, self.timing, self.population)


def report_logs(names: Sequence[str], measure: Measure) -> Iterator[Row]:
    """Measure one log after the other; a log that is not on this machine gives a row that says so.

    Parameters
    ----------
    names : sequence of str
        Real logs and profiles of simulated shops.
    measure : callable
        (log, its nextbuy.toml, its origins) -> rows.

    Yields
    ------
    Row
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                shop, origins = write_log(name, Path(folder) / name.replace(" ", "_"))
            except NextbuyError as error:
                yield Row(f"{name}: left out, {error}", 0)
                continue
            yield from measure(name, shop, origins)


def write_log(name: str, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Write a real log or a simulated shop to a folder.

    Parameters
    ----------
    name : str
        A real log of `benchmarks.purchase.real_logs`, or the profile of a simulated shop.
    folder : Path
        Where to write it.

    Returns
    -------
    shop : Path
        Its `nextbuy.toml`.
    origins : tuple of str
        Cutoffs to judge it at.

    Raises
    ------
    NextbuyError
        The log is not on this machine.
    """
    if name in SIMULATED:
        return simulate_shop(folder, _CUSTOMERS, profile=name), (SIMULATED_ORIGIN,)
    write, origins, _ = LOGS[name]
    return write(folder), origins


def fit_origin(log: Log, origin: str) -> Origin:
    """Fit both purchase models at a cutoff, with default settings.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    origin : str
        The cutoff, a date.

    Returns
    -------
    Origin
    """
    cutoff = read_cutoff(origin, log.shop.timezone)
    catalog = read_catalog(log, cutoff).without_texts()
    slices = make_slices(log, cutoff, HORIZON, catalog)
    population, labels = make_slice(log, cutoff, HORIZON, catalog, log.observed_until)
    churn = CHURN.fit(slices, CHURN.defaults, SEED)
    timing = TIMING.fit(slices, TIMING.defaults, SEED)
    return Origin(slices, population, labels, churn, timing)
