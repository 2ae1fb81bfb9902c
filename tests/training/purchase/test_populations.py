"""A shop with very many customers is learned from by a part of them."""

import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from training.purchase import populations
from training.purchase.populations import PopulationCache


def test_a_small_shop_is_learned_from_whole(simulated) -> None:
    catalog = read_catalog(simulated.log, simulated.cutoff).select(["T"])
    frame = PopulationCache(simulated.log, catalog).features(simulated.cutoff)
    assert len(frame) > 1000


def test_of_a_large_shop_the_same_customers_are_kept_at_every_cutoff(
    simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = read_catalog(simulated.log, simulated.cutoff).select(["T"])
    whole = PopulationCache(simulated.log, catalog)
    monkeypatch.setattr(populations, "MAX_CUSTOMERS", 300)
    part = PopulationCache(simulated.log, catalog)
    earlier = simulated.cutoff - 200 * 86_400_000_000
    now, then = part.features(simulated.cutoff), part.features(earlier)
    assert 0.1 < len(now) / len(whole.features(simulated.cutoff)) < 0.3
    for_all = set(whole.features(simulated.cutoff)["customer_id"])
    joined = set(then["customer_id"]) - for_all  # accounts that became one with another since
    both = for_all & set(whole.features(earlier)["customer_id"])
    assert set(then["customer_id"]) - joined == set(now["customer_id"]) & both


def test_the_features_of_those_drawn_are_what_they_are_among_everybody(simulated) -> None:
    """Statistics that they compare with are everybody's still."""
    whole = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    part = build_features(simulated.log, [simulated.cutoff], simulated.catalog, share=0.25)
    assert 0.15 < len(part) / len(whole) < 0.35
    kept = whole[whole["customer_id"].isin(part["customer_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, kept, check_exact=True)


def test_a_smaller_part_is_part_of_a_larger_one(simulated) -> None:
    catalog = read_catalog(simulated.log, simulated.cutoff).select(["T"])
    small, large = (
        set(build_features(simulated.log, [simulated.cutoff], catalog, share=s)["customer_id"])
        for s in (0.1, 0.5)
    )
    assert small < large
