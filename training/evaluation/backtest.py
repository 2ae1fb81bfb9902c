"""Back-tests our forecast and every baseline at several cutoffs in the past.

At an origin (a cutoff that is judged) everything is made of what was known there: the features'
vocabulary and lookups, the BTYD parameters, the boosters, the labels they learn from, and every
baseline. Settings are the defaults, so that no origin is judged with what was chosen on its
outcomes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import msgspec
import pandas as pd

from features.builds.shop_catalog import read_catalog
from features.errors import Fault, InputError
from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import DAY, cutoffs_before, to_datetime
from models.purchase.forecast import make_forecast
from training.evaluation.backtest_cache import KeptOrigins
from training.evaluation.comparison import BacktestComparison, compare_at_origins, log_comparison
from training.metrics.probabilities import OURS, losses_by_customer
from training.purchase.populations import PopulationCache
from training.purchase.recipes import CHURN, TIMING
from training.purchase.slice_cutoffs import (
    MIN_HISTORY_DAYS,
    has_history,
    holdout_cutoff,
    latest_closed_cutoff,
)
from training.purchase.slices import make_slice, make_slices
from training.purchase.study import Origin
from training.runs.fingerprints import result_fingerprint
from training.runs.training_runs import SEED, open_experiment, training_run

STEPS_PER_ORIGIN = 3  # that `progress` is called for
_CORES = 2


def backtest(
    log: Log,
    origins: Sequence[int],
    known_until: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> BacktestComparison:
    """Score our forecast and every baseline at each origin, as one MLflow run.

    A finished origin is kept in the workspace: for the same data, features, code and settings it
    is computed once, even if a later origin of the same run was interrupted.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    origins : sequence of int
        Cutoffs with an observed horizon (UTC microseconds); in any order, each counts once.
    known_until : int, optional
        Last instant that the outcomes may know; default: the end of the data.
    progress : callable
        Called with a text after each step; there are `STEPS_PER_ORIGIN` steps per origin.

    Returns
    -------
    BacktestComparison
        Scores by origin, frequency and model, and differences with 95 % intervals.

    Raises
    ------
    InputError
        Naming each origin whose outcomes are not observed, or which has too little history.
    """
    origins = sorted(set(origins))
    until = log.observed_until if known_until is None else known_until
    check_origins(log, origins, until)
    open_experiment(log)
    flags = {"origins": ", ".join(_name(log, o) for o in origins), **_settings()}
    with training_run(log, "backtest", origins[-1], flags), _few_cores(log):
        data = log.fingerprint()
        kept = KeptOrigins(log.shop.workspace / "backtests")
        losses = [_judge_once(log, origin, until, data, kept, progress) for origin in origins]
        result = compare_at_origins([to_datetime(origin) for origin in origins], losses)
        log_comparison(result)
    return result


def list_origins_before(log: Log, count: int, stride_days: int) -> list[int]:
    """List the latest origins with an observed horizon, a stride apart, the earliest first.

    Origins that lie before the data are listed too: `check_origins` names them.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    count : int
        Number of origins.
    stride_days : int
        Days between two origins.

    Returns
    -------
    list of int
        Cutoffs (UTC microseconds), each the end of a local day.
    """
    last = holdout_cutoff(log, log.shop.section.horizon_days)
    walk = cutoffs_before(last, stride_days, last - count * stride_days * DAY, log.shop.timezone)
    return sorted(islice(walk, count))


def check_origins(log: Log, origins: Sequence[int], known_until: int) -> None:
    """Check that every origin can be judged; all faults are reported in one error.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    origins : sequence of int
        Cutoffs (UTC microseconds).
    known_until : int
        Last instant (UTC microseconds) that the outcomes may know.

    Raises
    ------
    InputError
        The outcomes after an origin are not closed, or there is no slice to learn from before it.
    """
    horizon, settle = log.shop.section.horizon_days, log.shop.section.settle_days
    last = latest_closed_cutoff(log, min(known_until, log.observed_until), horizon)
    first_days = MIN_HISTORY_DAYS + horizon + settle
    expected = (
        f"an origin at least {first_days + 1} days after the first order "
        f"({to_datetime(log.first_order_at):%Y-%m-%d}), with {horizon} days observed after it (and "
        f"{settle} to settle): {_name(log, last)} at the latest"
    )
    faults = []
    for origin in origins:
        if origin + (horizon + settle) * DAY > min(known_until, log.observed_until):
            got = "outcomes that are not closed"
        elif not has_history(log, origin, horizon):
            got = "too little history"
        else:
            continue
        remedy = "Choose another origin, or a shorter shop.horizon_days."
        faults.append(Fault(f"origin {_name(log, origin)}", expected, got, remedy))
    if faults:
        raise InputError(faults)


def _judge_once(
    log: Log,
    origin: int,
    known_until: int,
    data: str,
    kept: KeptOrigins,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Read the losses at an origin if they are kept, else compute and keep them."""
    day = _name(log, origin)
    catalog = read_catalog(log, origin).without_texts()
    settings = _settings()
    key = result_fingerprint(
        log, catalog, data, origin=origin, known_until=known_until, settings=settings
    )
    name = f"{day[:10]}-{key}"
    losses = kept.read(name)
    if losses is None:
        losses = _judge(log, origin, known_until, catalog, lambda step: progress(f"{day}, {step}"))
        kept.write(name, losses, to_datetime(origin).isoformat(), settings)
    else:
        for _ in range(STEPS_PER_ORIGIN):
            progress(f"{day}, kept")
    return losses


def _judge(
    log: Log, origin: int, known_until: int, catalog: Catalog, progress: Callable[[str], None]
) -> pd.DataFrame:
    """Fit and judge all models at one origin: one row of losses per (model, customer)."""
    horizon = log.shop.section.horizon_days
    populations = PopulationCache(log, catalog)
    slices = make_slices(log, origin, horizon, catalog, populations)
    labelled = make_slice(log, origin, horizon, catalog, known_until, populations)
    judged = Origin("backtest", slices, *labelled)
    progress("features")
    churn, timing = (recipe.fit(slices, recipe.defaults, SEED) for recipe in (CHURN, TIMING))
    ours = make_forecast(churn, timing, judged.population).within[:, : horizon + 1]
    progress("models")
    laws = {OURS: ours} | judged.baseline_laws
    progress("baselines")
    about = judged.population[["customer_id", "frequency"]].reset_index(drop=True)
    return pd.concat(
        [
            pd.concat([about, losses_by_customer(judged.labels, law)], axis=1).assign(model=name)
            for name, law in laws.items()
        ],
        ignore_index=True,
    )


def _settings() -> dict[str, Any]:
    recipes = {recipe.kind: recipe.defaults for recipe in (CHURN, TIMING)}
    return {"seed": SEED, **{kind: msgspec.to_builtins(s) for kind, s in recipes.items()}}


def _name(log: Log, origin: int) -> str:
    """Name an origin by its local day, and by its time where that is not the day's end."""
    local = to_datetime(origin).astimezone(log.shop.timezone)
    return f"{local:%Y-%m-%d}" if f"{local:%H:%M}" == "23:59" else f"{local:%Y-%m-%d %H:%M}"


@contextmanager
def _few_cores(log: Log) -> Iterator[None]:
    """Limit DuckDB to as many cores as LightGBM takes, to leave some to other processes."""
    setting = "SELECT current_setting('threads')"
    threads = int(log.connection.execute(setting).fetchall()[0][0])
    log.connection.execute(f"SET threads = {min(threads, _CORES)}")
    try:
        yield
    finally:
        log.connection.execute(f"SET threads = {threads}")
