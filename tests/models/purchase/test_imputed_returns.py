"""Whom repurchase timing learns from: closed slices, and the seen part of open ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.btyd.bg_nbd import BgNbd
from models.purchase.imputed_returns import ImputedReturns, impute_returns
from models.purchase.slices import Slices

BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)
CLOSED, OPEN, NOW = pd.to_datetime(["2025-03-01", "2025-06-29", "2025-08-01"], utc=True)
CUSTOMERS = 4000


def _part(cutoff: pd.Timestamp, days: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return customers who have bought four times, most recently a week ago."""
    frame = pd.DataFrame(
        {
            "customer_id": [str(place) for place in range(len(days))],
            "cutoff": cutoff,
            "frequency": 3.0,
            "recency": 100.0,
            "T": 107.0,
        }
    )
    labels = pd.DataFrame({"days_to_next": days})
    return frame, labels.assign(returned=labels["days_to_next"] > 0)


@pytest.fixture(name="slices")
def _slices() -> Slices:
    frame, labels = _part(CLOSED, [5, 0, 80, 0])
    later, seen = _part(OPEN, [7] * 10 + [0] * CUSTOMERS)
    return Slices(
        0,
        90,
        frame,
        labels,
        _part(NOW, [0])[0],
        dict.fromkeys([CLOSED, OPEN, NOW], BTYD),
        open=(later, seen.assign(watched_days=33)),
    )


def test_of_a_closed_slice_the_customers_who_came_back_are_selected(slices: Slices) -> None:
    found = impute_returns(replace(slices, open=None), seed=1)
    assert found.days.tolist() == [5, 80]
    assert found.watched.tolist() == [90, 90]
    assert found.weights.tolist() == [1.0, 1.0]


def test_of_an_open_slice_all_who_came_back_and_a_fair_share_of_the_others_are_selected(
    slices: Slices,
) -> None:
    found = impute_returns(slices, seed=1)
    later = found.watched == 33
    awaited = found.days == 0
    assert (found.days[later & ~awaited] == 7).all()
    assert (later & ~awaited).sum() == 10
    by_33, by_90 = BTYD.p_within(np.array([3.0]), np.array([100.0]), np.array([107.0]), [33, 90])[0]
    chance = (by_90 - by_33) / (1 - by_33)
    spread = np.sqrt(chance * (1 - chance) / CUSTOMERS)
    assert awaited.sum() / CUSTOMERS == pytest.approx(chance, abs=4 * spread)


def test_an_interval_counts_where_its_end_is_known_and_its_start_was_awaited() -> None:
    frame = pd.DataFrame({"cutoff": [CLOSED, CLOSED, CLOSED, OPEN, OPEN]})
    found = ImputedReturns(frame, np.array([5, 80, 90, 7, 0]), np.array([90, 90, 90, 33, 33]), 90)
    edges = [7, 30, 60, 90]
    assert found.awaited(edges).tolist() == [
        [True, False, False],
        [True, True, True],
        [True, True, True],
        [True, False, False],
        [True, True, False],
    ]
    assert found.came(edges).tolist() == [
        [True, False, False],
        [False, False, False],  # in the last one, which is left out
        [False, False, False],
        [True, False, False],
        [False, False, False],
    ]
    by_cutoff = [part.days.tolist() for part in found.by_cutoff()]
    assert by_cutoff == [[5, 80, 90], [7, 0]]


def test_an_older_slice_counts_for_less_and_so_does_an_open_one(slices: Slices) -> None:
    found = impute_returns(slices, seed=1)
    assert found.weights[found.watched == 90].tolist() == [0.5, 0.5]  # 120 days older
    assert (found.weights[found.watched == 33] == 0.5).all()


def test_the_same_seed_draws_the_same_customers(slices: Slices) -> None:
    first, second = impute_returns(slices, seed=7), impute_returns(slices, seed=7)
    pd.testing.assert_frame_equal(first.frame, second.frame)
    other = impute_returns(slices, seed=8)
    assert other.frame["customer_id"].tolist() != first.frame["customer_id"].tolist()
