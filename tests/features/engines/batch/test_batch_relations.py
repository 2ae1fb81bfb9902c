"""Tests of relations as numpy: sums of runs, groups, orders."""

import numpy as np
import pytest

from features.engines.batch.batch_relations import RelationReader, sum_runs
from features.history.customer_rows import CustomerRows
from features.language.relation import Relation, Relations
from features.language.scope import Scope
from features.windows import DAY

_SOURCE = Relation("rows", table="orders", columns={"happened_at": "ordered_at"})


def _read(
    relation: Relation, wanted: set[str], customer: list[int], **columns: list
) -> CustomerRows:
    arrays = {
        name: np.array(values, object if isinstance(values[0], str) else float)
        for name, values in columns.items()
    }
    rows = CustomerRows(np.array(customer, np.intp), arrays, 3)
    reader = RelationReader(relation, wanted, Relations((_SOURCE, relation)))
    return reader.read({"rows": rows}, {}, Scope(100 * DAY, 100), {"cutoff_day": 100.0})


def test_runs_are_summed_up_in_the_order_of_their_rows() -> None:
    values = np.array([[1e16, 1.0, -1e16, 2.0], [1.0, 2.0, 3.0, 4.0]])
    sums = sum_runs(values, np.array([0, 3]))
    assert sums.tolist() == [[(1e16 + 1.0) - 1e16, 2.0], [6.0, 4.0]]


def test_groups_are_counted_per_customer_and_key() -> None:
    groups = Relation(
        "groups", sources=("rows",), by=("kind",), totals={"total": ("sum", "amount * 2")}
    )
    rows = _read(
        groups, {"kind", "total"}, [0, 0, 0, 2],
        kind=["b", "a", "b", "a"], amount=[1.0, 2.0, np.nan, 4.0],
    )  # fmt: skip
    assert rows.customer.tolist() == [0, 0, 2]
    assert rows["kind"].tolist() == ["a", "b", "a"]
    assert rows["total"].tolist() == [4.0, 2.0, 8.0]


def test_gaps_are_those_of_one_customer() -> None:
    ordered = Relation(
        "ordered", sources=("rows",), columns={"day": "day"}, order="day", gaps={"gap": "day"}
    )
    rows = _read(ordered, {"day", "gap"}, [0, 0, 1, 1], day=[7.0, 3.0, 1.0, 9.0])
    assert rows["day"].tolist() == [3.0, 7.0, 1.0, 9.0]
    np.testing.assert_array_equal(rows["gap"], [np.nan, 4.0, np.nan, 8.0])


@pytest.mark.parametrize(("kinds", "kept"), [(["b", "a"], "b"), (["a", "b"], "b")])
def test_of_two_rows_at_one_place_the_largest_tie_is_the_latest(kinds: list, kept: str) -> None:
    latest = Relation(
        "latest", sources=("rows",), columns={"day": "day", "kind": "kind"}, order="day",
        latest=True, ties=("kind",),
    )  # fmt: skip
    rows = _read(latest, {"day", "kind"}, [1, 1], day=[5.0, 5.0], kind=kinds)
    assert rows["kind"].tolist() == [kept]


def test_a_lookback_leaves_out_older_rows_and_a_condition_others() -> None:
    recent = Relation(
        "recent", sources=("rows",), columns={"amount": "amount"}, where="amount > 1", lookback=30
    )
    rows = _read(
        recent, {"amount"}, [0, 1, 2],
        happened_at=[69.0 * DAY, 71.0 * DAY, 99.0 * DAY], amount=[5.0, 6.0, 1.0],
    )  # fmt: skip
    assert (rows.customer.tolist(), rows["amount"].tolist()) == ([1], [6.0])
