"""The true chance to buy is what the generator then does, and answers to the latent state."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.windows import DAY
from nextbuy.simulator.profiles import ProfileName
from nextbuy.simulator.simulator import simulate_shop
from nextbuy.simulator.truth import true_p_buy

CUTOFFS = ("2024-12-01", "2025-07-01")


def _instant(cutoff: str) -> int:
    return int(pd.Timestamp(cutoff, tz="UTC").timestamp()) * 1_000_000


@pytest.fixture(scope="module", params=list(ProfileName))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("shop"), 8000, 5, request.param).parent


def _orders(folder: Path) -> pd.DataFrame:
    """All orders under the customer's own id."""
    orders = pd.read_parquet(folder / "orders.parquet")
    links = pd.read_parquet(folder / "identities.parquet").set_index("source_id")["customer_id"]
    ids = orders["customer_id"].astype(str)
    return orders.assign(customer_id=ids.map(links).fillna(ids))


@pytest.mark.parametrize("days", [7, 30])
@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_of_customers_with_a_chance_p_the_share_p_buys(
    folder: Path, cutoff: str, days: int
) -> None:
    truth = true_p_buy(folder, _instant(cutoff), days)
    assert len(truth) > 3000
    assert truth["p_buy"].between(0, 1).all()
    start = pd.Timestamp(cutoff, tz="UTC")
    orders = _orders(folder)
    after = orders[orders["ordered_at"].between(start, start + pd.Timedelta(days=days), "right")]
    buys = truth["customer_id"].isin(after["customer_id"])
    assert not buys[truth["p_buy"] == 0].any()
    can = truth["p_buy"] > 0
    decile = pd.qcut(truth["p_buy"][can], 10, labels=False)
    p = truth["p_buy"][can]
    expected = p.groupby(decile).sum()
    error = np.sqrt((p * (1 - p)).groupby(decile).sum())
    # sums of independent draws: 3.7 standard errors are left once in 4,600 deciles
    assert (abs(buys[can].groupby(decile).sum() - expected) < 3.7 * error).all()
    assert abs(buys.sum() - p.sum()) < 3.5 * np.sqrt((p * (1 - p)).sum())


def test_those_who_left_never_buy_and_an_awake_intent_soon_does(folder: Path) -> None:
    cutoff = _instant(CUTOFFS[1])
    latent = pd.read_parquet(folder / "truth.parquet").set_index("customer_id")
    p = true_p_buy(folder, cutoff).set_index("customer_id")["p_buy"]
    latent = latent.loc[p.index]
    start = pd.Timestamp(CUTOFFS[1], tz="UTC")
    left = latent["dropped_out_at"] <= start
    assert (p[left] == 0).all()
    assert (p[~left] > 0).all()
    counts = latent[["intents_at", "purchases_at"]].map(
        lambda instants: (instants <= start.to_datetime64()).sum()
    )
    awake = counts["intents_at"] > counts["purchases_at"]
    assert (p[awake & ~left] > 0.9).all()
    assert 10 < (awake & ~left).sum() < 0.3 * (~left).sum()


def test_a_longer_window_holds_more_and_none_holds_nothing(folder: Path) -> None:
    cutoff = _instant(CUTOFFS[0])
    chances = [true_p_buy(folder, cutoff, days)["p_buy"] for days in (0, 1, 30, 90, 365)]
    assert np.allclose(chances[0], 0, atol=1e-12)
    for shorter, longer in pairwise(chances):
        assert (longer >= shorter - 1e-6).all()


def test_only_what_happened_by_the_cutoff_counts(folder: Path) -> None:
    """A customer whose first purchase comes later is not yet one."""
    first = _orders(folder).groupby("customer_id")["ordered_at"].min()
    cutoff = _instant(CUTOFFS[0])
    known = set(true_p_buy(folder, cutoff)["customer_id"])
    assert known == set(first[first <= pd.Timestamp(CUTOFFS[0], tz="UTC")].index)
    assert first.index.nunique() == 8000
    assert len(true_p_buy(folder, _instant("2025-12-31"))) == 8000


def test_a_window_that_ends_at_another_hour_is_no_error(folder: Path) -> None:
    assert true_p_buy(folder, _instant(CUTOFFS[0]) + DAY // 3, 0.5)["p_buy"].max() < 1
