"""A few rows as plain Python give what the same rows give in a batch, to the last bit."""

import numpy as np
import pytest

from features.catalog.feature import Aggregate
from features.engines.few_rows import FewRows
from features.inputs.history import Rows

_CUTOFF = 10 * 86_400_000_000


def _feature(aggregate: str, value: str, by: str = "", **parts: object) -> Aggregate:
    return Aggregate("f", "r", aggregate, value, "", "", "", by=by, **parts)  # type: ignore[arg-type]


def _rows(**columns: list[object]) -> Rows:
    arrays = {
        name: np.array(values, object if isinstance(values[0], str) else float)
        for name, values in columns.items()
    }
    return Rows(np.zeros(len(next(iter(arrays.values()))), np.intp), arrays, 1)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (_feature("sum", "a"), 7.0),
        (_feature("count", "a"), 3.0),
        (_feature("mean", "a", where="t = 'x'"), 3.0),
        (_feature("median", "a"), 2.0),
        (_feature("max", "a", lookback=2), 4.0),
        (_feature("count", "a", where="t = 'nobody'"), 0.0),
        (_feature("last", "a", by="happened_at"), 4.0),
        (_feature("top", "t", by="a", kind="text"), "x"),
        (_feature("top", "t", by="a", where="a > 9", kind="text"), None),
    ],
)
def test_each_aggregate_leaves_out_what_is_missing(feature: Aggregate, expected: object) -> None:
    day = _CUTOFF / 10
    rows = _rows(a=[1, 2, np.nan, 4], t=["y", "x", "x", "x"], happened_at=[day, day, day, 9 * day])
    assert FewRows([feature]).compute(rows, _CUTOFF, {}) == {"f": expected}


def test_a_sum_that_depends_on_its_order_is_left_to_numpy() -> None:
    assert FewRows([_feature("sum", "a")]).compute(_rows(a=[0.1, 0.2]), _CUTOFF, {}) is None
