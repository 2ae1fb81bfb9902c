"""Tests of relations whose rows are held: groups, orders with gaps, the latest row."""

import numpy as np
import pytest

from features.arrays import Array
from features.engines.plan import compute_features
from features.history.layout import HISTORY_COLUMNS, TEXT_COLUMNS
from features.language.catalog import Catalog
from features.language.feature import Aggregate
from features.language.relation import Relation, Relations
from features.language.scope import Scope
from features.windows import DAY

_SOURCE = Relation(
    "rows",
    table="events",
    columns={"happened_at": "occurred_at", "kind": "event_type", "day": "local_day", "a": "price"},
)
_EVERYBODY = Aggregate(
    "n", relation="rows", aggregate="count", value="day", description="", unit="", family=""
)


def _listed(relation: Relation, names: tuple[str, ...], **columns: list) -> list[tuple]:
    """List the rows of a relation over events of one customer; all of them are known."""
    count = len(next(iter(columns.values())))
    events: dict[str, Array] = {}
    for name in HISTORY_COLUMNS["events"]:
        values = columns.get(name, [None if name in TEXT_COLUMNS else 1.0] * count)
        events[name] = np.array(values, object if name in TEXT_COLUMNS else float)
    catalog = Catalog([_EVERYBODY], Relations((_SOURCE, relation)))
    listing = catalog.listing(relation.name, *names)
    return compute_features(listing, [{"events": events}], Scope(100 * DAY, 100))[relation.name][0]


def test_groups_are_counted_and_summed_by_key() -> None:
    groups = Relation("groups", sources=("rows",), by=("kind",), totals={"total": ("sum", "a * 2")})
    rows = _listed(groups, ("kind", "total"), event_type=["b", "a", "b"], price=[1, 2, np.nan])
    assert sorted(rows) == [("a", 4.0), ("b", 2.0)]


def test_a_total_of_a_value_that_others_read_before_begins_with_the_first_row() -> None:
    """A feature of the same rows tests the value for NULL before the group is found."""
    groups = Relation("groups", sources=("rows",), by=("day",), totals={"a": ("sum", "a")})
    assert _listed(groups, ("day", "a"), local_day=[3, 4], price=[5, 6]) == [(3, 5), (4, 6)]


def test_gaps_and_ages_are_those_of_rows_in_their_order() -> None:
    ordered = Relation(
        "ordered", sources=("rows",), columns={"day": "day"}, order="day", gaps={"gap": "day"},
        ages={"age": "day"},
    )  # fmt: skip
    rows = _listed(ordered, ("day", "gap", "age"), local_day=[7, 3, 9])
    np.testing.assert_array_equal(rows, [(3, np.nan, 0), (7, 4, 4), (9, 2, 6)])


@pytest.mark.parametrize("order", [1, -1])
def test_of_rows_at_one_place_the_largest_tie_is_the_latest(order: int) -> None:
    latest = Relation(
        "latest", sources=("rows",), columns={"day": "day", "kind": "kind", "a": "a"}, order="day",
        latest=True, ties=("a", "kind"),
    )  # fmt: skip
    told = {"local_day": [5, 5, 5, 5, 4], "price": [np.nan, 2, 2, 1, 9], "event_type": "zabzz"}
    columns = {name: list(values)[::order] for name, values in told.items()}
    assert _listed(latest, ("kind", "a"), **columns) == [("b", 2.0)]


def test_the_latest_row_is_kept_of_each_key() -> None:
    latest = Relation(
        "latest", sources=("rows",), columns={"day": "day", "kind": "kind"}, order="day",
        within=("kind",), latest=True,
    )  # fmt: skip
    rows = _listed(
        latest, ("kind", "day"), local_day=[1, 5, 4, 2], event_type=["a", "b", "a", None]
    )
    assert sorted(rows, key=str) == [("a", 4.0), ("b", 5.0), (None, 2.0)]


def test_a_lookback_leaves_out_older_rows_and_a_condition_others() -> None:
    recent = Relation("recent", sources=("rows",), columns={"a": "a"}, where="a > 1", lookback=30)
    rows = _listed(recent, ("a",), occurred_at=[69 * DAY, 71 * DAY, 99 * DAY], price=[5, 6, 1])
    assert rows == [(6.0,)]


@pytest.mark.parametrize("by", [("a",), ("kind", "day", "a")])
def test_keys_that_may_be_missing_or_are_too_many_are_refused(by: tuple[str, ...]) -> None:
    groups = Relation("groups", sources=("rows",), by=by, totals={"n": ("count", "day")})
    with pytest.raises(ValueError, match="groups: expected one or two keys"):
        _listed(groups, ("n",), price=[1])
