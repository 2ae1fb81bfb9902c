"""Groups of customers: how many buy, as predicted and as observed, and what they spend."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.crps import crps_by_customer
from training.evaluation.evaluation import JudgedOrigin
from training.evaluation.reliability import rate_interval
from training.metrics.probabilities import OURS, frequency_buckets


def segment_table(judged: JudgedOrigin) -> pd.DataFrame:
    """Sum up the RFM segments, the likeliest to buy first.

    Returns
    -------
    DataFrame
        One row per segment: `group, customers, share`, mean F(H) `predicted` and share
        `observed`, with Wilson's 95 % interval `low` to `high`; `spend` and `expected_spend`,
        minor units per customer within H, the latter NaN where spend was not fitted; our `crps`.
    """
    named = judged.customers["rfm_segment"].fillna("not scored").to_numpy()
    rows = [_summarise(judged, name, named == name) for name in pd.unique(named)]
    table = pd.DataFrame(rows).sort_values("predicted", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def frequency_table(judged: JudgedOrigin) -> pd.DataFrame:
    """Sum up the buckets of frequency, as `segment_table` does."""
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
