import dataclasses

import pytest

from features.catalog.dictionary import make_catalog
from features.catalog.relations import make_relations
from features.errors import InputError
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Derived
from features.language.relation import Relation, Relations
from features.language.vocabulary import Vocabulary

ALL_COLUMNS = {
    "orders": ["amount", "discount", "store", "sales_channel"],
    "order_lines": ["product_id", "quantity", "unit_price"],
    "products": ["category", "subcategory", "brand", "color", "size", "price"],
    "returns": ["amount", "product_id"],
    "events": ["event_type", "product_id", "device"],
    "messages": [
        *(f"{n}_at" for n in ("delivered", "opened", "clicked", "converted", "unsubscribed")),
        *("campaign_id", "store", "revenue"),
    ],
    "customers": ["first_seen_at", "birth_year", "country"],
}
FULL = Vocabulary(ALL_COLUMNS, channels=["email"], stores=["a", "b"], attributes=["country"])
ORDERS = Vocabulary({"orders": ["amount"]})
CATALOG = make_catalog(FULL)
FREQUENCY = CATALOG["frequency"]
assert isinstance(FREQUENCY, Aggregate)


def _derived(name: str, expression: str) -> Derived:
    return Derived(name, expression=expression, description="", unit="days", family="test")


def _catalog(*features) -> Catalog:
    return Catalog(features, make_relations(FULL))


def test_a_changed_definition_changes_the_hash_and_changed_words_do_not() -> None:
    before = _catalog(FREQUENCY).hashes["frequency"]
    reworded = dataclasses.replace(
        FREQUENCY,
        description="another wording",
        sentence="Bought {value}",
        sentence_if_zero="Never bought",
    )
    assert _catalog(reworded).hashes["frequency"] == before
    for change in ({"where": "gap_days > 3"}, {"lookback": 30}, {"aggregate": "sum"}):
        changed = dataclasses.replace(FREQUENCY, **change)
        assert _catalog(changed).hashes["frequency"] != before


def test_the_hash_covers_the_relations_and_lookups_that_a_feature_reads() -> None:
    relations = make_relations(FULL)
    changed = Relations(
        tuple(
            dataclasses.replace(r, where="amount > 0") if r.name == "purchases" else r
            for r in relations.values()
        )
    )
    hashes = [Catalog(CATALOG.values(), r, CATALOG.statistics.values()).hashes for r in
              (relations, changed)]  # fmt: skip
    differ = {name for name in CATALOG if hashes[0][name] != hashes[1][name]}
    assert {"frequency", "overdue_ratio", "r_score", "view_count_since_purchase"} <= differ
    assert not {"email_sent_count_28d", "cutoff_weekday", "tenure_days"} & differ
    shorter = {n: dataclasses.replace(s, percents=(50,)) if n == "r" else s
               for n, s in CATALOG.statistics.items()}  # fmt: skip
    hashes[1] = Catalog(CATALOG.values(), relations, shorter.values()).hashes
    assert hashes[0]["r_score"] != hashes[1]["r_score"]
    assert hashes[0]["f_score"] == hashes[1]["f_score"]


def test_the_hash_of_a_derived_feature_covers_what_it_reads() -> None:
    double = _derived("double", "2 * frequency")
    narrower = dataclasses.replace(FREQUENCY, lookback=30)
    hashes = [_catalog(f, double).hashes["double"] for f in (FREQUENCY, narrower)]
    assert hashes[0] != hashes[1]


def test_selecting_a_feature_selects_what_it_reads() -> None:
    assert set(CATALOG.select(["overdue_ratio"])) == {
        "T", "recency", "days_since_last", "frequency", "gap_shrunken", "overdue_ratio",
    }  # fmt: skip
    with pytest.raises(KeyError, match="expected features of this catalog"):
        CATALOG.select(["frequencies"])


def test_a_catalog_is_closed_and_its_names_are_unique() -> None:
    shouted = dataclasses.replace(FREQUENCY, name="FREQUENCY")
    for other in (FREQUENCY, shouted):
        with pytest.raises(InputError, match="features: expected names that differ in more than"):
            _catalog(FREQUENCY, other)
    for unknown in (
        _derived("x", "frequency + 1"),
        _derived("x", '"@season:year"'),
        dataclasses.replace(FREQUENCY, value="price"),
    ):
        with pytest.raises(ValueError, match="not declared before it"):
            _catalog(unknown)
    with pytest.raises(ValueError, match="not declared before"):
        Relations((Relation("days", sources=("orders_known",)),))
