"""Tasks of `make bench-training`, each run in a process: `training_tasks <task> <folder> [<n>]`.

Features and labels of every slice are built once and kept as files; a fit reads the customers
whose hash is low enough, so that each smaller sample is part of the larger ones.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from benchmarks.measured import Usage, use
from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.language.catalog import Catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import Window, end_of_day, local_day
from models.btyd.member_fit import fit_member
from models.crps import crps_by_customer
from models.purchase.forecast import make_forecast
from models.purchase.season import CUTOFF_DAY, YEAR_DAYS
from models.purchase.slices import Slices
from training.labels import make_labels
from training.purchase.recipes import CHURN, TIMING
from training.purchase.slice_cutoffs import holdout_cutoff, walk_open_origins, walk_training_origins
from training.runs.training_runs import SEED

HORIZON = 90
# What orders alone can tell, without near copies: the curve has eight sizes to go through. What
# these are derived from comes with them.
FEATURES = (
    "frequency", "recency", "T", "monetary_value", "days_since_last", "order_amount_mean",
    "day_amount_last", "order_amount_sum_365d", "purchase_days_count_28d",
    "purchase_days_count_91d", "purchase_days_count_182d", "purchase_days_count_365d",
    "purchase_days_count_year_ago_91d", "gap_mean", "gap_std", "gap_last", "gap_shrunken",
    "regularity_k", "overdue_days", "overdue_ratio", "day_of_cutoff",
)  # fmt: skip
CATALOG = 240  # features of a shop that gives every table
JUDGED = 200_000  # customers, drawn apart from the samples
_SLICE, _OPEN = "slice-{:02}.parquet", "open-{:02}.parquet"
_JUDGE, _YEAR_AGO = "judge.parquet", "year_ago.parquet"
LABELS = ["returned", "days_to_next", "purchase_days", "watched_days"]
_BATCH = 20_000


class Fitted(msgspec.Struct):
    """What a fit used, and how much it learned from.

    Attributes
    ----------
    usage : Usage
        CPU, wall time and memory.
    customers, rows, features : int
        Customers at the cutoff, rows of all slices, features read.
    """

    usage: Usage
    customers: int
    rows: int
    features: int


def main() -> None:
    """Run the task that the command line names, and write its result as JSON."""
    task, folder, *rest = sys.argv[1:]
    result = _TASKS[task](Path(folder), *map(int, rest))
    sys.stdout.buffer.write(msgspec.json.encode(result))


def build(folder: Path) -> Usage:
    """Build features and labels at every cutoff that a training reads, and at the held-out one."""

    def task() -> None:
        log = read_log(read_shop(folder / "nextbuy.toml"))
        cutoff = holdout_cutoff(log, HORIZON)
        catalog = read_catalog(log, cutoff).select(FEATURES)
        for number, origin in enumerate(sorted(walk_training_origins(log, cutoff, HORIZON))):
            _write(log, catalog, origin, cutoff, folder / _SLICE.format(number))
        for number, (origin, days) in enumerate(walk_open_origins(log, cutoff, HORIZON)):
            _write(log, catalog, origin, cutoff, folder / _OPEN.format(number), days)
        zone = log.shop.timezone
        year_ago = end_of_day(local_day(cutoff, zone) - YEAR_DAYS, zone)
        _write(log, catalog, year_ago, cutoff, folder / _YEAR_AGO)
        _write(log, catalog, cutoff, log.observed_until, folder / _JUDGE)
        log.close()

    return use(task)


def _write(
    log: Log, catalog: Catalog, cutoff: int, known_until: int, path: Path, days: int = HORIZON
) -> None:
    """Write everybody's features and labels at a cutoff, under a hash of the customer's id."""
    frame = build_features(log, [cutoff], catalog)
    labels = make_labels(log, frame, Window(cutoff, horizon=days), known_until)
    hashed = pd.util.hash_pandas_object(frame["customer_id"], index=False)
    numbers = frame[catalog.numbers].astype(np.float32)
    known = labels.assign(watched_days=days)[LABELS]
    keys = frame[["cutoff"]].assign(customer_id=hashed // 2)  # within the signed integers
    pd.concat([keys.astype({"customer_id": "int64"}), numbers, known], axis=1).to_parquet(path)


def fit(folder: Path, percent_mille: int) -> Fitted:
    """Fit both models to some of the customers, and keep their forecasts for those judged.

    Parameters
    ----------
    folder : Path
        Where the built features are.
    percent_mille : int
        Customers to learn from, of 100,000.

    Returns
    -------
    Fitted
    """
    parts, models = read_parts(folder, percent_mille / 1e5), list[Any]()
    usage = use(lambda: models.extend(train(parts)))
    slices, churn, timing = models
    _judge(folder, churn, timing).to_parquet(_judged(folder, percent_mille))
    return Fitted(usage, len(slices.latest), len(slices.frame), len(slices.columns))


def fit_catalog(folder: Path, percent_mille: int) -> Fitted:
    """Fit both models to as many features as a shop with every table has, in full precision.

    Those of orders alone, and copies of them with noise: what a column costs is the same.
    """
    parts = read_parts(folder, percent_mille / 1e5, CATALOG)
    models = list[Any]()
    usage = use(lambda: models.extend(train(parts)))
    slices = models[0]
    return Fitted(usage, len(slices.latest), len(slices.frame), len(slices.columns))


def train(parts: dict[str, pd.DataFrame]) -> tuple[Slices, Any, Any]:
    """Do what a training does once the features are built: BTYD models, churn, timing."""
    slices = make_slices_of(parts)
    churn = CHURN.fit(slices, CHURN.defaults, SEED)
    return slices, churn, TIMING.fit(slices, TIMING.defaults, SEED)


def make_slices_of(parts: dict[str, pd.DataFrame]) -> Slices:
    """Assemble slices from features and labels by file.

    Parameters
    ----------
    parts : dict of str to DataFrame
        By file name; emptied.

    Returns
    -------
    Slices
    """
    latest, year_ago = parts.pop(_JUDGE), parts.pop(_YEAR_AGO)
    btyds = {p["cutoff"].iloc[0]: fit_member(p) for p in (*parts.values(), latest)}
    closed, still_open = (
        pd.concat([parts.pop(name) for name in list(parts) if name[0] == kind[0]])
        for kind in (_SLICE, _OPEN)
    )
    at = int(latest["cutoff"].iloc[0].value // 1000)
    return Slices(
        at,
        HORIZON,
        *_part_labels(closed),
        _part_labels(latest)[0],
        btyds,
        _part_labels(year_ago),
        _part_labels(still_open),
    )


def _part_labels(part: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    part = part.reset_index(drop=True)
    return part.drop(columns=LABELS), part[LABELS]


def read_parts(folder: Path, share: float, features: int = 0) -> dict[str, pd.DataFrame]:
    """Read the customers whose hash is low enough, by file; widened to so many features."""
    below = [("customer_id", "<", int(share * 2**63))] if share < 1 else None
    paths = (
        *sorted(folder.glob("slice-*.parquet")),
        *sorted(folder.glob("open-*.parquet")),
        folder / _YEAR_AGO,
        folder / _JUDGE,
    )
    parts = {path.name: pd.read_parquet(path, filters=below) for path in paths}
    return {name: _widen(part, features) for name, part in parts.items()} if features else parts


def _widen(part: pd.DataFrame, features: int) -> pd.DataFrame:
    """Add noisy copies of the features, as float64, as a build gives them."""
    rng = np.random.default_rng(0)
    built = [name for name in part if part[name].dtype == np.float32]
    varied = [name for name in built if name != CUTOFF_DAY]
    copies = {
        f"{name}_{number}": part[name].to_numpy(float) * (1 + rng.normal(0, 0.2, len(part)))
        for number, name in enumerate(np.resize(varied, features - len(built)))
    }
    wide = pd.DataFrame(copies, index=part.index)
    return pd.concat([part.astype(dict.fromkeys(built, float)), wide], axis=1)


def _judge(folder: Path, churn: Any, timing: Any) -> pd.DataFrame:
    """Forecast for the judged customers, the same for every sample, and score by CRPS."""
    everybody = pd.read_parquet(folder / _JUDGE)
    some = everybody.sample(min(JUDGED, len(everybody)), random_state=1)
    forecasts = []
    for start in range(0, len(some), _BATCH):
        part = some.iloc[start : start + _BATCH]
        law = make_forecast(churn, timing, part).within[:, : HORIZON + 1]
        score = crps_by_customer(part["days_to_next"].to_numpy(), law)
        outcomes = part[["customer_id", "returned"]]
        forecasts.append(outcomes.assign(p_return=law[:, -1], crps=score))
    return pd.concat(forecasts, ignore_index=True)


def _judged(folder: Path, percent_mille: int) -> Path:
    return folder / f"judged-{percent_mille}.parquet"


def read_judged(folder: Path, percent_mille: int) -> pd.DataFrame:
    """Read how a fit did: `customer_id, returned, p_return, crps`, a row per customer judged."""
    return pd.read_parquet(_judged(folder, percent_mille))


_TASKS = {"build": build, "fit": fit, "fit_catalog": fit_catalog}


if __name__ == "__main__":
    main()
