"""Rows of several customers in one table: kept, taken and stacked without losing whose they are."""

import numpy as np
import pytest

from features.history.customer_rows import (
    CustomerRows,
    batch_histories,
    object_array,
    run_lengths,
    run_starts,
)
from features.history.layout import HISTORY_COLUMNS

ROWS = CustomerRows(
    np.array([0, 0, 2, 3]), {"x": np.array([1.0, 2, 3, 4]), "y": np.array([5.0, 6, 7, 8])}, 5
)


def test_rows_that_are_kept_stay_with_their_customers() -> None:
    kept = ROWS.where(np.array([False, True, True, False]), ["x"])
    assert kept.customer.tolist() == [0, 2]
    assert (kept["x"].tolist(), kept.n) == ([2, 3], 5)
    with pytest.raises(KeyError, match="y"):
        kept["y"]


def test_rows_are_taken_in_the_order_of_the_indices() -> None:
    taken = ROWS.take(np.array([3, 0]))
    assert (taken.customer.tolist(), taken["y"].tolist()) == ([3, 0], [8, 5])


def test_only_customers_with_rows_are_present() -> None:
    assert ROWS.starts.tolist() == [0, 2, 3]
    assert ROWS.present.tolist() == [0, 2, 3]


def test_no_rows_have_no_runs() -> None:
    starts = run_starts(np.array([]))
    assert starts.tolist() == run_lengths(starts, 0).tolist() == []


def test_a_batch_has_every_table_and_the_rows_of_each_customer() -> None:
    names = HISTORY_COLUMNS["reachability"]
    values = {"known_at": np.array([1.0]), "reachable": np.array([1.0])}
    one = {"reachability": values | {"channel": object_array(["sms"])}}
    batch = batch_histories([{}, one, one])
    assert batch.keys() == HISTORY_COLUMNS.keys()
    reachability = batch["reachability"]
    assert (reachability.customer.tolist(), reachability.n) == ([1, 2], 3)
    assert reachability["channel"].tolist() == ["sms", "sms"]
    assert set(reachability.columns) == set(names)
    assert (len(batch["orders"].customer), batch["orders"].n) == (0, 3)


def test_texts_are_objects_and_missing_ones_are_none() -> None:
    texts = object_array(["a", None, 3])
    assert (texts.dtype, texts.tolist()) == (np.dtype(object), ["a", None, "3"])
