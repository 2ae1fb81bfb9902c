import dataclasses

import pytest

from features.catalog.dictionary import make_catalog
from features.catalog.relations import make_relations
from features.errors import InputError
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Derived
from features.language.relation import Relation, Relations
from features.language.vocabulary import Vocabulary, names_of

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


def _catalog(*features) -> Catalog:
    return Catalog(features, make_relations(FULL))


def test_a_changed_definition_changes_the_hash_and_a_changed_description_does_not() -> None:
    before = _catalog(FREQUENCY).hashes["frequency"]
    reworded = dataclasses.replace(FREQUENCY, description="another wording")
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
    double = Derived("double", "2 * frequency", "twice", "days", "test")
    narrower = dataclasses.replace(FREQUENCY, lookback=30)
    hashes = [_catalog(f, double).hashes["double"] for f in (FREQUENCY, narrower)]
    assert hashes[0] != hashes[1]


def test_selecting_a_feature_selects_what_it_reads() -> None:
    assert set(CATALOG.select(["overdue_ratio"])) == {
        "T", "recency", "days_since_last", "frequency", "gap_shrunken", "overdue_ratio",
    }  # fmt: skip
    with pytest.raises(KeyError, match="no feature"):
        CATALOG.select(["frequencies"])


def test_a_family_whose_table_is_absent_is_absent() -> None:
    families = {f.family for f in make_catalog(ORDERS).values()}
    assert families == {"RFM", "purchases", "rhythm", "basket", "stores", "calendar", "contact"}
    assert {f.name for f in make_catalog(ORDERS).values() if f.family == "basket"} == {
        "orders_count_365d"
    }
    assert {f.family for f in CATALOG.values()} == families | {
        "returns", "browsing", "messaging", "profile",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "goes", "stays"),
    [
        ("orders.discount", "discount_share_mean_365d", "order_amount_mean"),
        ("products.category", "price_index_mean_365d", "unit_price_mean_365d"),
        ("products.brand", "brand_top_share", "category_top_share"),
        ("products.price", "viewed_price_index_mean_91d", "viewed_category_top_28d"),
        ("events.device", "mobile_share_mean_91d", "view_count_28d"),
        ("messages.clicked_at", "email_click_rate_182d", "email_sent_count_28d"),
        ("messages.converted_at", "email_conversion_rate_182d", "email_click_rate_182d"),
        ("customers.birth_year", "birth_year", "tenure_days"),
        ("orders.sales_channel", "online_share_mean_365d", "order_amount_mean"),
        ("products.subcategory", "subcategory_top_share", "category_top_share"),
        ("returns.product_id", "returned_category_top", "returns_count_365d"),
        ("products.category", "returned_category_top", "returns_count_365d"),
        ("events.product_id", "viewed_categories_count_28d", "view_count_28d"),
        ("events.product_id", "viewed_price_index_mean_91d", "unit_price_mean_365d"),
        ("messages.opened_at", "email_open_rate_182d", "email_click_rate_182d"),
        ("messages.unsubscribed_at", "unsubscribed_count_365d", "messages_count_28d"),
        ("messages.campaign_id", "campaigns_count_365d", "messages_count_28d"),
        ("messages.clicked_at", "campaigns_clicked_count_365d", "campaigns_count_365d"),
        ("messages.store", "main_store_messages_share_182d", "a_orders_count_365d"),
        ("messages.revenue", "message_revenue_mean_365d", "messages_count_28d"),
        ("messages.converted_at", "message_revenue_sum_365d", "messages_count_28d"),
    ],
)
def test_a_feature_whose_column_is_absent_is_absent(column: str, goes: str, stays: str) -> None:
    table, name = column.split(".")
    tables = ALL_COLUMNS | {table: [c for c in ALL_COLUMNS[table] if c != name]}
    less = CATALOG.available(Vocabulary(tables))
    assert goes in CATALOG and goes not in less
    assert stays in less


def test_a_price_level_needs_the_order_lines_that_it_is_compared_with() -> None:
    tables = {n: c for n, c in ALL_COLUMNS.items() if n != "order_lines"}
    assert "viewed_price_index_mean_91d" not in make_catalog(Vocabulary(tables))
    assert "view_count_28d" in make_catalog(Vocabulary(tables))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aggregate": "mode"}, "`mode` is not one of"),
        ({"aggregate": "last"}, "`by` goes with"),
        ({"value": "gap_days / 0"}, "wrap the divisor"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(change: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(FREQUENCY, **change)


def test_a_catalog_is_closed_and_its_names_are_unique() -> None:
    shouted = dataclasses.replace(FREQUENCY, name="FREQUENCY")
    for other in (FREQUENCY, shouted):
        with pytest.raises(InputError, match="features: expected names that differ in more than"):
            _catalog(FREQUENCY, other)
    for unknown in (
        Derived("x", "frequency + 1", "", "", ""),
        Derived("x", '"@season:year"', "", "", ""),
        dataclasses.replace(FREQUENCY, value="price"),
    ):
        with pytest.raises(ValueError, match="not declared before it"):
            _catalog(unknown)
    with pytest.raises(ValueError, match="not declared before"):
        Relations((Relation("days", sources=("orders_known",)),))


@pytest.mark.parametrize("other", ["attr_tier_share", "attr_TIER_share", "attr_Tier"])
def test_attributes_that_make_a_feature_of_one_name_are_named_both(other: str) -> None:
    for attributes in (["attr_tier", other], [other, "attr_tier"]):
        with pytest.raises(InputError) as caught:
            Vocabulary(ALL_COLUMNS, attributes=attributes)
        assert "customers.attr_tier" in str(caught.value)
        assert f"customers.{other}" in str(caught.value)
        assert "Rename one of the two in [tables.customers] columns" in str(caught.value)


def test_an_attribute_makes_the_features_that_its_name_is_refused_for() -> None:
    made = make_catalog(Vocabulary(ALL_COLUMNS, attributes=["attr_tier"])).keys()
    without = make_catalog(Vocabulary(ALL_COLUMNS)).keys()
    assert made - without == set(names_of("attr_tier"))


@pytest.mark.parametrize("stores", [["Ä", "ä"], ["a", "A"]])
def test_free_names_that_sql_takes_for_one_are_refused(stores: list[str]) -> None:
    with pytest.raises(InputError, match="Rename the channel, store or attribute"):
        make_catalog(Vocabulary(ALL_COLUMNS, stores=stores))


def test_features_over_events_and_messages_have_an_end() -> None:
    """The store keeps no more of them than the longest lookback reads."""
    for relation in make_relations(FULL).values():
        if relation.table in ("events", "messages"):
            assert relation.lookback is not None


def test_every_feature_says_what_it_is() -> None:
    for feature in CATALOG.values():
        assert feature.description
        assert feature.unit
        assert feature.family


def test_activity_groups_follow_the_number_of_stores() -> None:
    assert "a_orders_count_365d" in CATALOG
    assert "a_orders_count_365d" not in make_catalog(Vocabulary(ALL_COLUMNS, stores=["a"]))
    many = [f"s{place}" for place in range(30)]
    assert len(make_catalog(Vocabulary(ALL_COLUMNS, stores=many))) < len(CATALOG)
