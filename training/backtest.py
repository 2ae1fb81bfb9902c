"""The rolling-origin back-test: our models and every baseline, refitted at each origin."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalog.catalog import Catalog
from features.inputs.log import Log
from features.inputs.windows import to_datetime
from models.booster import BoosterSettings
from models.churn import fit_churn
from models.forecast import make_forecast
from models.timing import fit_timing
from training.metrics import score_law
from training.slices import make_slice, make_slices
from training.study import Origin

Floats = NDArray[np.float64]

OURS = "Nextbuy"
SEED = 20


# The timing booster sees a row per interval of a customer, so that it can afford more leaves.
TIMING_SETTINGS = BoosterSettings(leaves=15, l2=20.0)


def backtest(
    log: Log,
    origins: Iterable[int],
    horizon_days: int,
    catalog: Catalog,
    known_until: int,
    progress: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Score our forecast and every baseline at each origin.

    Parameters
    ----------
    known_until : int
        Last instant that the outcomes may know.
    progress : callable
        Told what has just been fitted.

    Returns
    -------
    DataFrame
        One row per (origin, model): `origin` (UTC), `model`, `customers`, and the columns of
        `training.metrics.score`. Everything is refitted at each origin on what was known
        there, labels included.
    """
    rows = []
    for origin in origins:
        slices = make_slices(log, origin, horizon_days, catalog)
        churn = fit_churn(slices, BoosterSettings(), SEED)
        timing = fit_timing(slices, TIMING_SETTINGS, SEED)
        judged = Origin(
            "backtest",
            slices,
            *make_slice(log, origin, horizon_days, catalog, known_until),
        )
        ours = make_forecast(churn, timing, judged.population).within[:, : horizon_days + 1]
        laws = {OURS: ours} | judged.baseline_laws
        rows.append(compare(judged.population, judged.labels, laws))
        progress(f"{to_datetime(origin):%Y-%m-%d}")
    return pd.concat(rows, ignore_index=True)


def compare(
    population: pd.DataFrame, labels: pd.DataFrame, laws: dict[str, Floats]
) -> pd.DataFrame:
    """Score several laws F(h) of the same customers: one row per model."""
    about = {"origin": population["cutoff"].iloc[0], "customers": len(population)}
    return pd.DataFrame([about | {"model": n} | score_law(labels, law) for n, law in laws.items()])
