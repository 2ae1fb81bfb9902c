"""Tests that one plan serves one customer and many."""

import numpy as np

from features.catalog.dictionary import make_catalog
from features.engines.plan import FeaturePlan, compute_features
from features.language.scope import Scope
from features.language.vocabulary import Vocabulary
from tests.features.catalog.small_history import ALL_COLUMNS, CUTOFF, CUTOFF_DAY, make_history

_CATALOG = make_catalog(Vocabulary(ALL_COLUMNS)).select(["orders_count", "sales_channel_top"])
_SCOPE = Scope(CUTOFF, CUTOFF_DAY)
_BUYER = make_history(orders=[{"ago": 3, "amount": 5, "sales_channel": "shop"}] * 2)
_NOBODY = make_history(orders=[])


def test_customers_stand_in_the_order_in_which_they_are_given() -> None:
    values = FeaturePlan(_CATALOG).compute([_NOBODY, _BUYER, _NOBODY], _SCOPE)
    assert values["orders_count"].tolist() == [0.0, 2.0, 0.0]
    assert values["orders_count"].dtype == np.float64
    assert values["sales_channel_top"].tolist() == [None, "shop", None]


def test_one_customer_has_the_values_that_a_batch_gives_them() -> None:
    plan = FeaturePlan(_CATALOG)
    alone, both = plan.compute([_BUYER], _SCOPE), plan.compute([_BUYER, _BUYER], _SCOPE)
    for name in _CATALOG:
        assert [*alone[name], *alone[name]] == both[name].tolist()


def test_a_plan_made_for_one_request_gives_the_same() -> None:
    once = compute_features(_CATALOG, [_BUYER], _SCOPE)
    assert once == FeaturePlan(_CATALOG).compute([_BUYER], _SCOPE)
