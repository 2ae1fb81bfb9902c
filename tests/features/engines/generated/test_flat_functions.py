"""Tests of groups, order and statistics in flat arrays, against Python's own."""

import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.engines.generated.flat_functions import (
    find_group,
    find_group_of_two,
    forget_groups,
    median,
    sort_rows,
    std,
)

_KEYS = st.lists(st.integers(-1, 10**6) | st.integers(0, 5), max_size=40)


def _mask(rows: int) -> int:
    mask = 15
    while mask < 2 * rows:
        mask = 2 * mask + 1
    return mask


@given(_KEYS)
def test_a_key_has_one_group_and_groups_are_numbered_as_they_come(keys: list[int]) -> None:
    mask, used = _mask(len(keys)), 0
    index, rows = [0] * (mask + 1 + 40), [0.0] * 40
    found = []
    for key in keys:
        group = find_group(index, 0, mask, mask + 1, rows, 0, used, key)
        used += group == used
        found.append(group)
    order = list(dict.fromkeys(keys))
    assert found == [order.index(key) for key in keys]
    assert rows[:used] == order
    forget_groups(index, 0, mask + 1, used)
    assert not any(index[: mask + 1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 10**6)), max_size=40))
def test_two_keys_make_a_group_together(pairs: list[tuple[int, int]]) -> None:
    mask, used = _mask(len(pairs)), 0
    index, rows = [0] * (mask + 1 + 40), [0.0] * 80
    found = []
    for pair in pairs:
        group = find_group_of_two(index, 0, mask, mask + 1, rows, 0, 40, used, *pair)
        used += group == used
        found.append(group)
    order = list(dict.fromkeys(pairs))
    assert found == [order.index(pair) for pair in pairs]


@given(st.lists(st.integers(0, 20) | st.floats(-1e9, 1e9), max_size=200))
def test_rows_are_put_in_the_order_of_their_keys_and_equal_ones_stay(keys: list[float]) -> None:
    index = [0] * (3 + len(keys))
    sort_rows(index, 3, [9.0, *keys], 1, len(keys))
    assert index[3:] == sorted(range(len(keys)), key=lambda row: keys[row])


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_statistics_are_those_of_all_values(values: list[float]) -> None:
    rows = [5.0, *values]
    np.testing.assert_equal(median(rows, 1, 0), np.nan)
    np.testing.assert_equal(std(rows, 1, 1), np.nan)
    if len(values) > 1:
        expected = statistics.stdev(values)
        np.testing.assert_allclose(std(rows, 1, len(values)), expected, rtol=1e-9, atol=1e-9)
    if values:
        np.testing.assert_allclose(
            median(rows, 1, len(values)), statistics.median(values), rtol=1e-12, atol=1e-12
        )
    assert rows[0] == 5.0
