"""Training slices: features and labels of many cutoffs, closed before the model's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from features.build import build_features
from features.faults import refuse
from features.feature import Catalog
from features.log import Log
from features.objections import read_objected
from features.windows import DAY, Window, cutoffs_before, last_end_of_day, to_datetime
from models.btyd import Btyd, fit_btyd
from training.labels import make_labels

STRIDE_DAYS = 28
MAX_SLICES = 10
MIN_HISTORY_DAYS = 60  # before the first slice's cutoff


@dataclass(frozen=True)
class Slices:
    """All that a purchase model may learn from at one cutoff.

    Attributes
    ----------
    cutoff : int
        Last instant known to the model.
    frame, labels : DataFrame
        Features and labels row by row, one per (customer_id, cutoff); each slice's label
        window closes, settled, at or before `cutoff`.
    latest : DataFrame
        Features of the population at `cutoff`, without labels.
    btyds : cutoff (Timestamp) -> Btyd
        BG/NBD fitted at each slice's cutoff and at the model's, on what was known then.
    """

    cutoff: int
    horizon_days: int
    frame: pd.DataFrame
    labels: pd.DataFrame
    latest: pd.DataFrame
    btyds: dict[Any, Btyd]

    @property
    def columns(self) -> list[str]:
        """Names of the features."""
        return [name for name in self.frame.columns if name not in ("customer_id", "cutoff")]


def make_slices(log: Log, cutoff: int, horizon_days: int, catalog: Catalog) -> Slices:
    """Build the slices of a model that may know everything up to `cutoff`."""
    origins = sorted(training_origins(log, cutoff, horizon_days))
    parts = [make_slice(log, origin, horizon_days, catalog, cutoff) for origin in origins]
    frames, labels = zip(*parts, strict=True)
    latest = _without_objected(log, build_features(log, [cutoff], catalog), cutoff)
    btyds = {f["cutoff"].iloc[0]: fit_btyd(f) for f in (*frames, latest)}
    return Slices(
        cutoff,
        horizon_days,
        pd.concat(frames, ignore_index=True),
        pd.concat(labels, ignore_index=True),
        latest,
        btyds,
    )


def make_slice(
    log: Log, cutoff: int, horizon_days: int, catalog: Catalog, known_until: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the features at one cutoff, and the labels after it as known at `known_until`.

    Customers who had objected to profiling by then are left out.
    """
    frame = _without_objected(log, build_features(log, [cutoff], catalog), known_until)
    return frame, make_labels(log, frame, Window(cutoff, horizon=horizon_days), known_until)


def _without_objected(log: Log, frame: pd.DataFrame, known_until: int) -> pd.DataFrame:
    objected = read_objected(log, known_until)
    return frame[~frame["customer_id"].isin(objected)].reset_index(drop=True)


def holdout_cutoff(log: Log, horizon_days: int) -> int:
    """Find the latest cutoff whose horizon is observed and settled: the end of a local day."""
    return earlier_cutoff(log, log.observed_until, horizon_days)


def earlier_cutoff(log: Log, cutoff: int, horizon_days: int) -> int:
    """Find the latest cutoff whose labels close at or before `cutoff`: the end of a local day."""
    closed = cutoff - (horizon_days + log.shop.section.settle_days) * DAY
    return last_end_of_day(closed, log.shop.timezone)


def training_origins(log: Log, cutoff: int, horizon_days: int) -> Iterator[int]:
    """Walk back through the latest cutoffs whose labels close at or before `cutoff`."""
    last, first = _origin_range(log, cutoff, horizon_days)
    walk = cutoffs_before(last, STRIDE_DAYS, first, log.shop.timezone)
    return islice(walk, MAX_SLICES)


def has_history(log: Log, cutoff: int, horizon_days: int) -> bool:
    """Say whether a model at `cutoff` has at least one slice to learn from."""
    last, first = _origin_range(log, cutoff, horizon_days)
    return last >= first


def check_history(log: Log, cutoff: int, horizon_days: int) -> None:
    """Refuse a cutoff before which there is no slice to learn from."""
    if not has_history(log, cutoff, horizon_days):
        days = MIN_HISTORY_DAYS + horizon_days + log.shop.section.settle_days
        raise refuse(
            "cutoff",
            f"at least {days + 1} days after the first order "
            f"({to_datetime(log.first_order_at):%Y-%m-%d})",
            f"{to_datetime(cutoff):%Y-%m-%d %H:%M} UTC",
            "Bring a longer history, use a later cutoff or a shorter shop.horizon_days.",
        )


def _origin_range(log: Log, cutoff: int, horizon_days: int) -> tuple[int, int]:
    first = log.first_order_at + MIN_HISTORY_DAYS * DAY
    return earlier_cutoff(log, cutoff, horizon_days), first
