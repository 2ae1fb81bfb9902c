"""Metrics of probabilities and of forecast laws; plain functions of arrays."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from features.arrays import Floats
from models.crps import crps_by_customer

OURS = "Nextbuy"


ALL_CUSTOMERS = "all"  # of the customers, whatever their frequency


_EDGE = 1e-6
# Reported apart, because a mean over everybody hides whom a model serves badly.
_BUCKETS = {"0": (0, 0), "1-2": (1, 2), "3-9": (3, 9), "10_up": (10, np.inf)}


def auc(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Area under the ROC curve; NaN where only one outcome occurred."""
    if outcome.all() or not outcome.any():
        return float("nan")
    return float(roc_auc_score(outcome, p))


def log_loss_by_row(outcome: NDArray[np.bool_], p: Floats) -> Floats:
    """Negative log-likelihood of each outcome."""
    clipped = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(-np.log(np.where(outcome, clipped, 1 - clipped)))


def mean_log_loss(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Mean of `log_loss_by_row`."""
    return float(log_loss_by_row(outcome, p).mean())


def brier(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Mean squared error of the probabilities."""
    return float(brier_score_loss(outcome, np.clip(p, 0, 1), labels=[False, True]))


def equal_mass_bins(p: Floats, bins: int) -> list[NDArray[np.intp]]:
    """Cut the rows into bins of about equal mass by p; equal p are never parted.

    >>> [rows.tolist() for rows in equal_mass_bins(np.array([0.2, 0.2, 0.1, 0.9]), 2)]
    [[0, 1, 2], [3]]
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1))[1:-1])
    place = np.searchsorted(edges, p, side="left")
    return [np.flatnonzero(place == b) for b in np.unique(place)]


def ece(outcome: NDArray[np.bool_], p: Floats, bins: int = 15) -> float:
    """Expected calibration error over bins of equal mass.

    >>> ece(np.array([False, True]), np.array([0.5, 0.5]))
    0.0
    """
    gaps = [
        len(rows) * abs(p[rows].mean() - outcome[rows].mean()) for rows in equal_mass_bins(p, bins)
    ]
    return float(sum(gaps) / len(p))


def lift_at(outcome: NDArray[np.bool_], p: Floats, share: float = 0.1) -> float:
    """Rate of the outcome among the `share` with the highest p, over the rate of all.

    Of rows with equal p at the edge, a part is taken at random: their mean rate counts.
    """
    if not outcome.any():
        return float("nan")
    n = max(1, round(share * len(p)))
    edge = np.partition(p, len(p) - n)[len(p) - n]
    above, tied = p > edge, p == edge
    found = outcome[above].sum() + (n - above.sum()) * outcome[tied].mean()
    return float(found / n / outcome.mean())


def central_window_coverage(days_to_next: NDArray[np.int_], law: Floats, share: float) -> float:
    """Share of the days that fall in the central window of their law.

    A day counts by the middle of its step, (F(d - 1) + F(d)) / 2, within (1 +- share) / 2.

    Parameters
    ----------
    days_to_next : int array (n,)
        1..H.
    law : array (n, H + 1)
        Law of the day, given that it is within H.
    """
    rows = np.arange(len(law))
    middle = (law[rows, days_to_next - 1] + law[rows, days_to_next]) / 2
    return float((np.abs(middle - 0.5) <= share / 2).mean())


def score_probability(outcome: NDArray[np.bool_], p: Floats) -> dict[str, float]:
    """Score one probability per customer: `auc, log_loss, brier, ece, lift10`."""
    return {
        "auc": auc(outcome, p),
        "log_loss": mean_log_loss(outcome, p),
        "brier": brier(outcome, p),
        "ece": ece(outcome, p),
        "lift10": lift_at(outcome, p),
    }


def losses_by_customer(labels: pd.DataFrame, within: Floats) -> pd.DataFrame:
    """Keep of a law F(h) what it is scored by, row by row.

    Parameters
    ----------
    labels : DataFrame
        From `training.labels.make_labels`, for the same horizon.
    within : array (n, H + 1)

    Returns
    -------
    DataFrame
        `days_to_next`, `crps`, and F at 30 days and at H: `p_30d`, ...
    """
    days, horizon = labels["days_to_next"].to_numpy(), within.shape[1] - 1
    kept = {"days_to_next": days, "crps": crps_by_customer(days, within)}
    return pd.DataFrame(
        kept | {f"p_{h}d": within[:, h] for h in sorted({min(30, horizon), horizon})}
    )


def score_losses(losses: pd.DataFrame) -> dict[str, float]:
    """Score a law by what `losses_by_customer` keeps of it.

    Returns
    -------
    dict
        `crps`, and at each horizon kept the metrics of `score_probability`: `auc_30d`...
    """
    scores = {"crps": float(losses["crps"].mean())}
    days = losses["days_to_next"].to_numpy()
    for name in (name for name in losses if name.startswith("p_")):
        at = name.removeprefix("p_")
        bought = (days > 0) & (days <= int(at.removesuffix("d")))
        found = score_probability(bought, losses[name].to_numpy())
        scores |= {f"{metric}_{at}": value for metric, value in found.items()}
    return scores


def score_law(labels: pd.DataFrame, within: Floats) -> dict[str, float]:
    """Score a law F(h) of every customer against what they did, as `score_losses` does."""
    return score_losses(losses_by_customer(labels, within))


def frequency_buckets(frequency: Floats) -> dict[str, NDArray[np.bool_]]:
    """Select the rows of each frequency bucket that has any."""
    rows = {n: (frequency >= lo) & (frequency <= hi) for n, (lo, hi) in _BUCKETS.items()}
    return {name: mask for name, mask in rows.items() if mask.any()}
