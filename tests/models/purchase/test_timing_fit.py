"""Tests of the fit of the timing model, and of the intervals into which it cuts the horizon."""

import numpy as np
import pandas as pd
import pytest

from models.btyd.bg_nbd import BgNbd
from models.purchase.season import CUTOFF_DAY
from models.purchase.slices import Slices
from models.purchase.timing_fit import DEFAULTS, MIN_RETURNS, fit_timing, interval_edges

CUSTOMERS = MIN_RETURNS // 2
CUTOFFS = pd.to_datetime(["2024-08-01", "2025-03-01", "2025-04-01", "2025-08-01"], utc=True)
BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)


def _slice(cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make customers who all buy on the second day after the cutoff, and then no more."""
    since = np.arange(CUSTOMERS) % 90
    frame = pd.DataFrame(
        {
            "customer_id": [str(place) for place in range(CUSTOMERS)],
            "cutoff": cutoff,
            "frequency": 1.0,
            "recency": 100.0,
            "T": 100.0 + since,
            "monetary_value": 2000.0,
            "days_since_last": since,
            "purchase_days_count_91d": 1,
            CUTOFF_DAY: (cutoff - pd.Timestamp(0, tz="UTC")).days,
        }
    )
    labels = pd.DataFrame({"days_to_next": [2] * CUSTOMERS, "returned": True, "purchase_days": 1})
    return frame, labels


@pytest.mark.parametrize("horizon", [1, 7, 30, 90, 365])
def test_intervals_rise_to_the_horizon(horizon: int) -> None:
    edges = interval_edges(horizon)
    assert edges[-1] == horizon
    assert edges == sorted(set(edges)) and edges[0] >= 1


def test_intervals_are_shorter_at_the_start_of_the_horizon() -> None:
    edges = interval_edges(90)
    assert edges[0] < edges[-1] - edges[-2]


def test_a_shop_whose_customers_all_return_at_once_and_then_no_more_has_a_timing_model() -> None:
    year_ago, *closed, latest = map(_slice, CUTOFFS)
    frame, labels = (pd.concat(part, ignore_index=True) for part in zip(*closed, strict=True))
    btyds = dict.fromkeys(CUTOFFS, BTYD)
    slices = Slices(0, 90, frame, labels, latest[0], btyds, year_ago)
    model = fit_timing(slices, DEFAULTS, seed=0)
    assert model.count is None
    assert len(model.seasons) == len(model.edges) - 1
    assert all(season.gammas == [0.0] for season in model.seasons[1:])
    assert (np.diff(model.given_return(latest[0])) >= 0).all()
