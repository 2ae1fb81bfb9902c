import dataclasses

import pytest

from features.catalog import make_catalog
from features.feature import Aggregate, Catalog, Derived

FREQUENCY = make_catalog()["frequency"]
assert isinstance(FREQUENCY, Aggregate)


def test_a_changed_definition_changes_the_hash_and_a_changed_description_does_not() -> None:
    before = Catalog([FREQUENCY]).hashes["frequency"]
    reworded = dataclasses.replace(FREQUENCY, description="another wording")
    assert Catalog([reworded]).hashes["frequency"] == before
    for change in ({"where": "gap_days > 3"}, {"lookback": 30}, {"aggregate": "sum"}):
        changed = dataclasses.replace(FREQUENCY, **change)
        assert Catalog([changed]).hashes["frequency"] != before


def test_the_hash_of_a_derived_feature_covers_what_it_reads() -> None:
    double = Derived("double", "2 * frequency", "twice", "days", "test")
    narrower = dataclasses.replace(FREQUENCY, lookback=30)
    hashes = [Catalog([f, double]).hashes["double"] for f in (FREQUENCY, narrower)]
    assert hashes[0] != hashes[1]


def test_selecting_a_feature_selects_what_it_reads() -> None:
    selected = make_catalog().select(["overdue_ratio"])
    assert set(selected) == {
        "T", "recency", "days_since_last", "frequency", "gap_shrunken", "overdue_ratio",
    }  # fmt: skip


def test_a_feature_whose_table_or_column_is_absent_is_absent() -> None:
    catalog = make_catalog(["email"])
    orders_only = catalog.available({"orders": frozenset({"amount"})})
    assert "discount_share_mean_365d" not in orders_only
    assert not [name for name in orders_only if name.startswith("email")]
    both = catalog.available({"orders": frozenset({"discount"}), "messages": frozenset()})
    assert "discount_share_mean_365d" in both
    assert "email_sent_count_28d" in both
    assert "email_clicked_count_182d" not in both  # no clicked_at given
    assert "email_click_rate_182d" not in both


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aggregate": "mode"}, "`mode` is not one of"),
        ({"value": "price"}, r"purchase_days has no column \['price'\]"),
        ({"relation": "purchases", "value": "amount", "aggregate": "last"}, "have no order"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(change: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(FREQUENCY, **change)


def test_a_catalog_is_closed_and_its_names_are_unique() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Catalog([FREQUENCY, FREQUENCY])
    with pytest.raises(ValueError, match="not declared before it"):
        Catalog([Derived("x", "frequency + 1", "", "", "")])


def test_every_feature_says_what_it_is() -> None:
    for feature in make_catalog(["email"]).values():
        assert feature.description
        assert feature.unit
        assert feature.family
