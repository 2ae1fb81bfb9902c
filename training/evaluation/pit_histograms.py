"""Checks whether whole forecast laws are calibrated, by probability integral transforms (PIT).

The PIT of a calibrated forecast is uniform. A law over days has steps, and a customer who did not
return is only known to come later. The mass of such a row is spread evenly over the values that it
may have, so that no random draw is needed: the nonrandomised PIT of Czado, Gneiting and Held
(2009, "Predictive model assessment for count data", equation 2), and for rows without a return the
uniform spread of D-calibration (Haider, Hoehn, Davis and Greiner 2020, "Effective ways to build
and evaluate individual survival distributions", section 3.5).
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin

PitSpans = tuple[Floats, Floats]

BINS = 10
_WINDOW = 0.8
OF_RETURN, OF_LAW = "given a return", "whole law"


def pit_spans_given_return(days_to_next: NDArray[np.int_], within: Floats) -> PitSpans:
    """Compute which span of probability each returner's day covers in the law given a return.

    Parameters
    ----------
    days_to_next : int array (n,)
        1..H, or 0 without a return: such rows are left out.
    within : array (n, H + 1)
        F(h) = P(next purchase within h days) for h = 0..H.

    Returns
    -------
    low, high : array (returners,)
        F(d - 1) / F(H) and F(d) / F(H) for a return on day d; 0 where F(H) is 0.

    Examples
    --------
    >>> pit_spans_given_return(np.array([0, 2]), np.array([[0, 0.1, 0.2], [0, 0.2, 0.5]]))
    (array([0.4]), array([1.]))
    """
    returned = days_to_next > 0
    law, days = within[returned], days_to_next[returned]
    given = np.divide(law, law[:, -1:], out=np.zeros_like(law), where=law[:, -1:] > 0)
    return _at_days(days, given)


def pit_spans_of_law(days_to_next: NDArray[np.int_], within: Floats) -> PitSpans:
    """Compute which span of probability each customer's outcome covers in their whole law.

    A return on day d lies between F(d - 1) and F(d), no return within H between F(H) and 1.

    Parameters
    ----------
    days_to_next : int array (n,)
        1..H, or 0 without a return.
    within : array (n, H + 1)
        F(h) = P(next purchase within h days) for h = 0..H.

    Returns
    -------
    low, high : array (n,)
        Ends of the span, 0..1.

    Examples
    --------
    >>> pit_spans_of_law(np.array([0, 2]), np.array([[0, 0.1, 0.2], [0, 0.2, 0.5]]))
    (array([0.2, 0.2]), array([1. , 0.5]))
    """
    low, high = _at_days(np.maximum(days_to_next, 1), within)
    never = days_to_next == 0
    return np.where(never, within[:, -1], low), np.where(never, 1.0, high)


def pit_distribution(spans: PitSpans, at: ArrayLike) -> Floats:
    """Compute the expected share of the randomised PIT at or below given levels.

    Within its span a row's mass is even; a row whose span has no width is a step.

    Parameters
    ----------
    spans : pair of array (n,)
        Low and high end of each row's span.
    at : array (k,)
        Levels, 0..1.

    Returns
    -------
    array (k,)
        Shares of the rows, 0..1.
    """
    low, high = (side[:, None] for side in spans)
    at = np.asarray(at, dtype=float)[None, :]
    inside = np.divide(
        at - low, high - low, out=np.ones(np.broadcast(at, low).shape), where=high > low
    )
    share = np.where(at < low, 0.0, np.where(at >= high, 1.0, inside))
    return np.asarray(share.mean(axis=0))


def pit_histogram(spans: PitSpans, bins: int = BINS) -> Floats:
    """Compute the expected share of the randomised PIT in each of several equal bins of 0..1.

    Parameters
    ----------
    spans : pair of array (n,)
        Low and high end of each row's span.
    bins : int
        Number of bins.

    Returns
    -------
    array (bins,)
        Shares that sum to 1; each is 1 / bins under a calibrated law.

    Examples
    --------
    >>> pit_histogram((np.array([0.0, 0.5]), np.array([0.5, 1.0])), bins=4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    inner = pit_distribution(spans, np.arange(1, bins) / bins)
    return np.diff(np.concatenate([[0.0], inner, [1.0]]))


def window_coverage(spans: PitSpans, share: float = _WINDOW) -> float:
    """Compute the expected share of outcomes that fall in the central window of their law.

    Parameters
    ----------
    spans : pair of array (n,)
        Low and high end of each row's span.
    share : float
        Probability that the window should hold, 0..1.

    Returns
    -------
    float
        0..1; `share` under a calibrated law.
    """
    low, high = pit_distribution(spans, [(1 - share) / 2, (1 + share) / 2])
    return float(high - low)


def largest_deviation(spans: PitSpans, bins: int = BINS) -> float:
    """Compute how far the fullest or emptiest bin of the PIT is from its expected share, 1 / bins.

    For spans of the whole law this is D-calibration's largest deviation.

    Parameters
    ----------
    spans : pair of array (n,)
        Low and high end of each row's span.
    bins : int
        Number of equal bins.

    Returns
    -------
    float
        0 for a perfectly calibrated law.
    """
    return float(np.abs(pit_histogram(spans, bins) - 1 / bins).max())


def pit_table(judged: JudgedOrigin, bins: int = BINS) -> pd.DataFrame:
    """Tabulate the PIT histograms of every model.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.
    bins : int
        Number of equal bins.

    Returns
    -------
    DataFrame
        One row per (model, law, bin): `model`, `law` (given a return, or the whole law),
        `left` (edge of the bin), `share` (of the rows).
    """
    left = np.arange(bins) / bins
    tables = [
        pd.DataFrame(
            {"model": model, "law": law, "left": left, "share": pit_histogram(spans, bins)}
        )
        for model, law, spans in _all_spans(judged)
    ]
    return pd.concat(tables, ignore_index=True)


def pit_scores(judged: JudgedOrigin) -> pd.DataFrame:
    """Summarise the PIT of every model in two figures.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per (model, law): `model`, `law` (given a return, or the whole law),
        `in_window_80` (share of outcomes in the central 80 % window), `largest_deviation`.
    """
    rows = [
        {
            "model": model,
            "law": law,
            "in_window_80": window_coverage(spans),
            "largest_deviation": largest_deviation(spans),
        }
        for model, law, spans in _all_spans(judged)
    ]
    return pd.DataFrame(rows)


def _all_spans(judged: JudgedOrigin) -> list[tuple[str, str, PitSpans]]:
    days = judged.days_to_next
    kinds = {OF_LAW: pit_spans_of_law}
    if (days > 0).any():
        kinds = {OF_RETURN: pit_spans_given_return} | kinds
    return [
        (model, law, spans(days, within))
        for law, spans in kinds.items()
        for model, within in judged.laws.items()
    ]


def _at_days(days: NDArray[np.int_], law: Floats) -> PitSpans:
    """Return each row's span for a return on its day."""
    rows = np.arange(len(law))
    return law[rows, days - 1], law[rows, days]
