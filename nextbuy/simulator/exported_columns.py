"""Turns days, cents and indexes of the simulation into Arrow columns of the shop's tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import Flags, Floats, Ints
from features.windows import DAY
from nextbuy.simulator.simulated_world import START

_START = int(pd.Timestamp(START, tz="UTC").timestamp()) * 1_000_000

ExportedColumns = dict[str, Any]


def instants(day: Floats) -> pa.Array:
    """Turn days since the start into timestamps in UTC; NaN becomes a missing value."""
    missing = np.isnan(day)
    us = _START + (np.where(missing, 0.0, day) * DAY).astype(np.int64)
    return pa.array(us, pa.int64(), mask=missing).cast(pa.timestamp("us", tz="UTC"))


def to_days(instant: Ints | int) -> Floats:
    """Turn instants in microseconds UTC into days since the start."""
    return (np.asarray(instant) - _START) / DAY


def money(cents: Floats | Ints) -> Floats:
    """Turn cents into units of the currency."""
    return np.asarray(cents, dtype=float) / 100


def named(index: Ints, names: Sequence[str] | pa.Array) -> pa.Array:
    """Turn indexes of names into a column of the names.

    Parameters
    ----------
    index : int array (n,)
        Index of each row's name; a negative one is a missing value.
    names : sequence of str
        The names.

    Returns
    -------
    pyarrow array (n,)
        Dictionary-encoded texts, null where a value is missing.
    """
    codes = np.asarray(index, np.int32)
    values = names if isinstance(names, pa.Array) else pa.array(list(names), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), values)


def numbered(prefix: str, count: int) -> pa.Array:
    """Make so many ids: `<prefix>-000000000`, `<prefix>-000000001`, and so on."""
    digits = pc.utf8_lpad(pa.array(np.arange(count)).cast(pa.string()), 9, "0")
    return pc.binary_join_element_wise(prefix, digits, "-")


def rows(columns: ExportedColumns, kept: Flags) -> pa.Table:
    """Make a table of the rows for which `kept` is true."""
    return pa.table(columns).filter(pa.array(kept))
