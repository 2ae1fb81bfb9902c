"""Tests of the relations that features sum up."""

from features.catalog.relations import KEPT_DAYS, make_relations
from features.language.vocabulary import Vocabulary
from tests.features.catalog.small_history import ALL_COLUMNS

FULL = Vocabulary(ALL_COLUMNS, channels=["email"], stores=["a", "b"])


def test_features_over_events_and_messages_have_an_end() -> None:
    """The store keeps no more of them than the longest lookback reads."""
    for relation in make_relations(FULL).values():
        if relation.table in ("events", "messages"):
            assert relation.lookback is not None


def test_what_the_store_keeps_is_what_the_longest_lookback_reads() -> None:
    relations = make_relations(FULL)
    for table, days in KEPT_DAYS.items():
        assert max(r.lookback or 0 for r in relations.values() if r.table == table) == days


def test_activity_counts_events_only_where_the_shop_gives_them() -> None:
    without = {name: columns for name, columns in ALL_COLUMNS.items() if name != "events"}
    assert make_relations(FULL)["activity"].sources == ("purchases", "events")
    assert make_relations(Vocabulary(without))["activity"].sources == ("purchases",)


def test_a_row_without_a_store_belongs_to_none_of_several_and_to_the_only_one() -> None:
    several, one = make_relations(FULL), make_relations(Vocabulary(ALL_COLUMNS, stores=["a"]))
    assert several["activity"].where == "store <> '-'"
    assert one["activity"].where == ""


def test_a_relation_needs_the_optional_columns_that_its_columns_come_from() -> None:
    relations = make_relations(FULL)
    assert relations.needs("shelf_lines", {"price_index"}) == {
        "order_lines.product_id",
        "order_lines.unit_price",
        "products.category",
        "order_lines",
    }
    assert relations.contract_tables("activity") == {"orders", "events"}
