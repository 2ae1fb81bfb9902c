"""Tests of the relations that features sum up."""

import numpy as np
import pytest

from features.catalog.relations import KEPT_DAYS, make_relations
from features.language.vocabulary import Vocabulary
from features.windows import DAY
from tests.features.catalog.small_history import ALL_COLUMNS, ago, compute, make_history

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


def _row(days: float, known: float, name: str, **values: object) -> dict[str, object]:
    """Make a row of so many days ago, one field of which was known so many days ago."""
    return {"ago": days, f"{name}_at": ago(days), f"{name}_known_at": ago(known), **values}


REVENUE = {"channel": "email", "revenue": 7.0}
JUST_LATER = -1 / DAY  # a microsecond after the cutoff


@pytest.mark.parametrize(
    ("table", "field", "values", "feature", "known", "unknown"),
    [
        ("orders", "cancelled", {"amount": 100.0}, "orders_count", 0.0, 1.0),
        ("lines", "cancelled", {"product_id": "p", "quantity": 1.0}, "lines_count_365d", 0.0, 1.0),
        ("messages", "clicked", {"channel": "email"}, "email_clicked_count_182d", 1.0, 0.0),
        ("messages", "opened", {"channel": "email"}, "email_opened_count_182d", 1.0, 0.0),
        ("messages", "delivered", {"channel": "email"}, "email_delivered_count_182d", 1.0, 0.0),
        ("messages", "unsubscribed", {"channel": "email"}, "unsubscribed_count_365d", 1.0, 0.0),
        ("messages", "converted", {"channel": "email"}, "email_converted_count_182d", 1.0, 0.0),
        ("messages", "converted", REVENUE, "message_revenue_sum_365d", 7.0, 0.0),
        ("profile", "first_seen", {}, "tenure_days", 5.0, np.nan),
    ],
)
def test_a_field_that_is_known_late_counts_from_the_instant_at_which_it_is_known(
    table: str, field: str, values: dict, feature: str, known: float, unknown: float
) -> None:
    for at, expected in ((0, known), (JUST_LATER, unknown)):
        history = make_history(**{table: [_row(5, at, field, **values)]})
        found = compute(history, feature, channels=["email"])[feature]
        np.testing.assert_equal(found, expected, err_msg=f"known {at} days before the cutoff")
