"""Columns of exported tables, from the days, cents and indexes of the simulation."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nextbuy.simulator.exported_columns import instants, money, named, numbered, rows, to_days


def test_days_become_instants_and_nan_a_missing_one() -> None:
    column = instants(np.array([0.0, 1.5, np.nan]))
    assert column.type == pa.timestamp("us", tz="UTC")
    assert column.null_count == 1
    midnight, noon, missing = column.to_pylist()
    assert midnight == pd.Timestamp("2024-01-01", tz="UTC")
    assert noon == pd.Timestamp("2024-01-02 12:00", tz="UTC")
    assert missing is None


def test_instants_are_turned_back_into_days() -> None:
    days = np.array([0.0, 0.25, 729.999])
    microseconds = instants(days).cast(pa.int64()).to_numpy()
    np.testing.assert_allclose(to_days(microseconds), days, atol=1e-9)
    assert float(to_days(1_704_067_200_000_000)) == 0.0


def test_cents_become_units_of_the_currency() -> None:
    np.testing.assert_array_equal(money(np.array([0, 1, 1999])), [0.0, 0.01, 19.99])
    assert np.isnan(money(np.array([np.nan]))[0])


@pytest.mark.parametrize("names", [("a", "b"), pa.array(["a", "b"])])
def test_indexes_become_names_and_a_negative_one_is_missing(names: object) -> None:
    assert named(np.array([1, -1, 0, 1]), names).to_pylist() == ["b", None, "a", "b"]


def test_numbers_of_rows_are_padded_so_that_ids_sort_as_text() -> None:
    ids = numbered("o", 12).to_pylist()
    assert ids[0] == "o-000000000"
    assert ids[11] == "o-000000011"
    assert ids == sorted(ids)
    assert numbered("o", 0).to_pylist() == []


def test_only_the_kept_rows_are_exported() -> None:
    table = rows(
        {"a": np.array([1, 2, 3]), "b": pa.array(["x", "y", "z"])}, np.array([1, 0, 1]) > 0
    )
    assert table.to_pydict() == {"a": [1, 3], "b": ["x", "z"]}
