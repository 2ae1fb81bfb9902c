"""Metrics of probabilities and of forecast laws F(h), as plain functions of arrays."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from features.arrays import Floats
from models.crps import crps_by_customer

OURS = "Nextbuy"  # our forecast, beside the baselines'
ALL_CUSTOMERS = "all"  # whatever their frequency

_EDGE = 1e-6
# Scores are reported by frequency too: a mean over everybody hides whom a model serves badly.
_BUCKETS = {"0": (0, 0), "1-2": (1, 2), "3-9": (3, 9), "10_up": (10, np.inf)}


def auc(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Compute the area under the ROC curve.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.

    Returns
    -------
    float
        0..1, .5 for chance; NaN where only one outcome occurred.
    """
    if outcome.all() or not outcome.any():
        return float("nan")
    return float(roc_auc_score(outcome, p))


def log_loss_by_row(outcome: NDArray[np.bool_], p: Floats) -> Floats:
    """Compute the negative log-likelihood of each outcome.

    Probabilities are clipped to 1e-6..1 - 1e-6.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.

    Returns
    -------
    array (n,)
        Losses in nats.
    """
    clipped = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(-np.log(np.where(outcome, clipped, 1 - clipped)))


def mean_log_loss(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Compute the mean negative log-likelihood of the outcomes, in nats.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.

    Returns
    -------
    float
    """
    return float(log_loss_by_row(outcome, p).mean())


def brier(outcome: NDArray[np.bool_], p: Floats) -> float:
    """Compute the Brier score: the mean squared error of the probabilities.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.

    Returns
    -------
    float
        0..1; lower is better.
    """
    return float(brier_score_loss(outcome, np.clip(p, 0, 1), labels=[False, True]))


def equal_mass_bins(p: Floats, bins: int) -> list[NDArray[np.intp]]:
    """Split rows into bins of about equal size by their probability; equal ones stay together.

    Parameters
    ----------
    p : array (n,)
        Probabilities.
    bins : int
        Number of bins at most.

    Returns
    -------
    list of int array
        Indices of the rows of each bin, from the lowest probabilities to the highest.

    Examples
    --------
    >>> [rows.tolist() for rows in equal_mass_bins(np.array([0.2, 0.2, 0.1, 0.9]), 2)]
    [[0, 1, 2], [3]]
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1))[1:-1])
    bin_index = np.searchsorted(edges, p, side="left")
    return [np.flatnonzero(bin_index == b) for b in np.unique(bin_index)]


def ece(outcome: NDArray[np.bool_], p: Floats, bins: int = 15) -> float:
    """Compute the expected calibration error over bins of equal mass.

    It is the mean distance between a bin's mean probability and its observed rate, weighted by
    rows.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.
    bins : int
        Number of bins at most.

    Returns
    -------
    float
        0..1; lower is better.

    Examples
    --------
    >>> ece(np.array([False, True]), np.array([0.5, 0.5]))
    0.0
    """
    gaps = [
        len(rows) * abs(p[rows].mean() - outcome[rows].mean()) for rows in equal_mass_bins(p, bins)
    ]
    return float(sum(gaps) / len(p))


def lift_at(outcome: NDArray[np.bool_], p: Floats, share: float = 0.1) -> float:
    """Compute the lift: the rate of the outcome among the highest-ranked rows over that of all.

    Of rows with equal p at the edge, a part is taken at random: their mean rate counts.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it, by which rows are ranked.
    share : float
        Share of the rows taken from the top, 0..1.

    Returns
    -------
    float
        1 for chance; NaN where the outcome never occurred.
    """
    if not outcome.any():
        return float("nan")
    n = max(1, round(share * len(p)))
    edge = np.partition(p, len(p) - n)[len(p) - n]
    above, tied = p > edge, p == edge
    hits = outcome[above].sum() + (n - above.sum()) * outcome[tied].mean()
    return float(hits / n / outcome.mean())


def central_window_coverage(days_to_next: NDArray[np.int_], law: Floats, share: float) -> float:
    """Compute the share of days that fall in the central window of their predicted law.

    A day counts by the middle of its step, (F(d - 1) + F(d)) / 2, within (1 +- share) / 2.

    Parameters
    ----------
    days_to_next : int array (n,)
        Day of the next purchase, 1..H.
    law : array (n, H + 1)
        P(next purchase within h days), h = 0..H, given that it is within H.
    share : float
        Probability that the window should hold, 0..1.

    Returns
    -------
    float
        0..1; about `share` under a calibrated law.
    """
    rows = np.arange(len(law))
    middle = (law[rows, days_to_next - 1] + law[rows, days_to_next]) / 2
    return float((np.abs(middle - 0.5) <= share / 2).mean())


def score_probability(outcome: NDArray[np.bool_], p: Floats) -> dict[str, float]:
    """Score one probability per row by five metrics.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    p : array (n,)
        Predicted probability of it.

    Returns
    -------
    dict of str to float
        `auc, log_loss, brier, ece` (expected calibration error), `lift10` (lift of the top 10 %).
    """
    return {
        "auc": auc(outcome, p),
        "log_loss": mean_log_loss(outcome, p),
        "brier": brier(outcome, p),
        "ece": ece(outcome, p),
        "lift10": lift_at(outcome, p),
    }


def losses_by_customer(labels: pd.DataFrame, within: Floats) -> pd.DataFrame:
    """Reduce a forecast to what it is scored by, one row per customer.

    Parameters
    ----------
    labels : DataFrame
        From `training.labels.make_labels`, for the same horizon (n rows).
    within : array (n, H + 1)
        F(h) = P(next purchase within h days) for h = 0..H.

    Returns
    -------
    DataFrame
        Row by row with `labels`: `days_to_next`, `crps` (days), and the probability to buy within
        30 days and within H: `p_30d`, `p_90d`...
    """
    days, horizon = labels["days_to_next"].to_numpy(), within.shape[1] - 1
    kept = {"days_to_next": days, "crps": crps_by_customer(days, within)}
    return pd.DataFrame(
        kept | {f"p_{h}d": within[:, h] for h in sorted({min(30, horizon), horizon})}
    )


def score_losses(losses: pd.DataFrame) -> dict[str, float]:
    """Score a forecast by the columns that `losses_by_customer` reduces it to.

    Parameters
    ----------
    losses : DataFrame
        One row per customer.

    Returns
    -------
    dict of str to float
        `crps` in days, and at 30 days and at H the metrics of `score_probability`: `auc_30d`...
    """
    scores = {"crps": float(losses["crps"].mean())}
    days = losses["days_to_next"].to_numpy()
    for name in (name for name in map(str, losses) if name.startswith("p_")):
        at = name.removeprefix("p_")
        bought = (days > 0) & (days <= int(at.removesuffix("d")))
        metrics = score_probability(bought, losses[name].to_numpy())
        scores |= {f"{metric}_{at}": value for metric, value in metrics.items()}
    return scores


def score_law(labels: pd.DataFrame, within: Floats) -> dict[str, float]:
    """Score the forecast F(h) of every customer against what they did.

    Parameters
    ----------
    labels : DataFrame
        From `training.labels.make_labels`, for the same horizon (n rows).
    within : array (n, H + 1)
        F(h) = P(next purchase within h days) for h = 0..H.

    Returns
    -------
    dict of str to float
        The metrics of `score_losses`.
    """
    return score_losses(losses_by_customer(labels, within))


def frequency_buckets(frequency: Floats) -> dict[str, NDArray[np.bool_]]:
    """Select the rows of each bucket of frequency (repeat purchase days): 0, 1-2, 3-9, 10 and more.

    Parameters
    ----------
    frequency : array (n,)
        Days with a purchase after the first one.

    Returns
    -------
    dict of str to bool array (n,)
        By bucket (`0, 1-2, 3-9, 10_up`), those without rows left out.
    """
    rows = {n: (frequency >= lo) & (frequency <= hi) for n, (lo, hi) in _BUCKETS.items()}
    return {name: mask for name, mask in rows.items() if mask.any()}
