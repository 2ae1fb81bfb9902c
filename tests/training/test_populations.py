"""A shop with very many customers is learned from by a part of them."""

import pytest

from features.engines.build import read_catalog
from training import populations
from training.populations import Populations


def test_a_small_shop_is_learned_from_whole(simulated) -> None:
    catalog = read_catalog(simulated.log, simulated.cutoff).select(["T"])
    frame = Populations(simulated.log, catalog).features(simulated.cutoff)
    assert len(frame) > 1000


def test_of_a_large_shop_the_same_customers_are_kept_at_every_cutoff(
    simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = read_catalog(simulated.log, simulated.cutoff).select(["T"])
    whole = Populations(simulated.log, catalog)
    monkeypatch.setattr(populations, "MAX_CUSTOMERS", 300)
    part = Populations(simulated.log, catalog)
    earlier = simulated.cutoff - 200 * 86_400_000_000
    now, then = part.features(simulated.cutoff), part.features(earlier)
    assert 0.1 < len(now) / len(whole.features(simulated.cutoff)) < 0.3
    for_all = set(whole.features(simulated.cutoff)["customer_id"])
    joined = set(then["customer_id"]) - for_all  # accounts that became one with another since
    both = for_all & set(whole.features(earlier)["customer_id"])
    assert set(then["customer_id"]) - joined == set(now["customer_id"]) & both
