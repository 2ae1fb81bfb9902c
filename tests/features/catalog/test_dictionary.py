"""Tests of the catalog of a shop: which features it has by the tables and names that it gives."""

import pytest

from features.catalog.dictionary import make_catalog
from features.errors import InputError
from features.language.vocabulary import Vocabulary, attribute_feature_names

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


def test_an_attribute_makes_the_features_that_its_name_is_refused_for() -> None:
    made = make_catalog(Vocabulary(ALL_COLUMNS, attributes=["attr_tier"])).keys()
    without = make_catalog(Vocabulary(ALL_COLUMNS)).keys()
    assert made - without == set(attribute_feature_names("attr_tier"))


@pytest.mark.parametrize("stores", [["Ä", "ä"], ["a", "A"]])
def test_free_names_that_sql_takes_for_one_are_refused(stores: list[str]) -> None:
    with pytest.raises(InputError, match="Rename the channel, store or attribute"):
        make_catalog(Vocabulary(ALL_COLUMNS, stores=stores))


def test_every_feature_says_what_it_is() -> None:
    for feature in CATALOG.values():
        assert feature.description
        assert feature.unit
        assert feature.family


def test_activity_groups_follow_the_number_of_stores() -> None:
    assert "a_orders_count_365d" in CATALOG
    assert "a_orders_count_365d" not in make_catalog(Vocabulary(ALL_COLUMNS, stores=["a"]))
    many = [f"s{index}" for index in range(30)]
    assert len(make_catalog(Vocabulary(ALL_COLUMNS, stores=many))) < len(CATALOG)
