"""The purchase models at one origin of a log, fitted with the default settings; what came after."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmarks.purchase.real_logs import LOGS
from benchmarks.rows import Row
from features.engines.sql.feature_build import read_catalog
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
    """What was known at an origin and fitted on it, and the labels of the horizon after it."""

    slices: Slices
    population: pd.DataFrame
    labels: pd.DataFrame
    churn: ChurnModel
    timing: TimingModel

    @cached_property
    def forecast(self) -> Forecast:
        """What is foretold of everybody."""
        return make_forecast(self.churn, self.timing, self.population)


def report_logs(names: Sequence[str], measure: Measure) -> Iterator[Row]:
    """Measure one log after the other; one that is not on this machine is a row that says so."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                shop, origins = write_log(name, Path(folder) / name.replace(" ", "_"))
            except NextbuyError as error:
                yield Row(f"{name}: left out, {error}", 0)
                continue
            yield from measure(name, shop, origins)


def write_log(name: str, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Write a real log or a simulated shop; give its `nextbuy.toml` and the origins.

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
    """Fit both purchase models at an origin."""
    cutoff = read_cutoff(origin, log.shop.timezone)
    catalog = read_catalog(log, cutoff).without_texts()
    slices = make_slices(log, cutoff, HORIZON, catalog)
    population, labels = make_slice(log, cutoff, HORIZON, catalog, log.observed_until)
    churn = CHURN.fit(slices, CHURN.defaults, SEED)
    timing = TIMING.fit(slices, TIMING.defaults, SEED)
    return Origin(slices, population, labels, churn, timing)
