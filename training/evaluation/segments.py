"""Compares predicted and observed purchases and spend by group of customers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.crps import crps_by_customer
from training.evaluation.evaluation import JudgedOrigin
from training.evaluation.reliability import rate_interval
from training.metrics.probabilities import OURS, frequency_buckets


def segment_table(judged: JudgedOrigin) -> pd.DataFrame:
    """Compare prediction and outcome in each RFM segment.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per segment, the likeliest to buy first: `group, customers, share` (of all
        customers), `predicted` (mean probability to buy within H) and `observed` (share who did),
        with Wilson's 95 % interval `low` to `high`; `spend` and `expected_spend`, minor units per
        customer within H, the latter NaN where spend was not fitted; our `crps` in days.
    """
    named = judged.customers["rfm_segment"].fillna("not scored").to_numpy()
    rows = [_summarise(judged, name, named == name) for name in pd.unique(named)]
    table = pd.DataFrame(rows).sort_values("predicted", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def frequency_table(judged: JudgedOrigin) -> pd.DataFrame:
    """Compare prediction and outcome in each bucket of frequency (repeat purchase days).

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per bucket, with the columns of `segment_table`.
    """
    buckets = frequency_buckets(judged.customers["frequency"].to_numpy(dtype=float))
    return pd.DataFrame([_summarise(judged, name, rows) for name, rows in buckets.items()])


def _summarise(judged: JudgedOrigin, name: str, rows: NDArray[np.bool_]) -> dict[str, object]:
    labels, law = judged.labels[rows], judged.laws[OURS][rows]
    low, high = rate_interval(int(labels["returned"].sum()), len(labels))
    expected = judged.customers.get("expected_spend")
    return {
        "group": name,
        "customers": len(labels),
        "share": len(labels) / len(judged.labels),
        "predicted": law[:, -1].mean(),
        "observed": labels["returned"].mean(),
        "low": low,
        "high": high,
        "expected_spend": np.nan if expected is None else expected[rows].mean(),
        "spend": labels["spend"].mean(),
        "crps": crps_by_customer(labels["days_to_next"].to_numpy(), law).mean(),
    }
