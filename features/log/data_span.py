"""Finds the days between which a shop's orders are there, whatever single rows say.

One order of today in an export that ended weeks ago, or one of 1970, must not move the end or the
begin of the data: customers would seem to have done nothing in between. The data ends with the last
span of days that holds as many orders as such a span has to hold, and begins with the first one.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from features.arrays import Ints
from features.contract.casts import local_day_sql

# Spans by which the end is found: days of a span, and how many of the last ones with rows count.
_SPANS = ((1, 90), (7, 26), (28, 13))
_LEAST_MEDIAN = 5  # orders of the median span; with fewer, longer spans tell more
_LEAST_SHARE, _LEAST_ORDERS = 0.05, 2  # of the median span, that the last span has to hold
_QUARTER = 900_000_000  # microseconds; time zones are whole quarters of an hour apart


@dataclass(frozen=True)
class DataSpan:
    """The local days on which the orders of a shop's files begin and end.

    Attributes
    ----------
    first_day, last_day : int
        Local days since 1970-01-01.
    earlier, later : int
        Orders before the first day, and orders after the last one. They are kept, and move no
        label and no age.
    is_first_sure, is_last_sure : bool
        False where there are too few orders to tell, so that a single one set the day.
    """

    first_day: int
    last_day: int
    earlier: int
    later: int
    is_first_sure: bool
    is_last_sure: bool


def read_span(connection: duckdb.DuckDBPyConnection) -> DataSpan:
    """Find the days between which the table orders, typed and not empty, has its rows.

    An order counts for the end from when both its clocks have passed, and for the begin from when
    it happened.
    """
    begin = _count_days(connection, "ordered_at")
    end = _count_days(connection, "greatest(known_at, ordered_at)")
    last_day, is_last_sure = find_last_day(*end)
    negative_day, is_first_sure = find_last_day(-begin[0][::-1], begin[1][::-1])
    earlier = int(begin[1][begin[0] < -negative_day].sum())
    later = int(end[1][end[0] > last_day].sum())
    return DataSpan(-negative_day, last_day, earlier, later, is_first_sure, is_last_sure)


def find_last_day(days: Ints, counts: Ints) -> tuple[int, bool]:
    """Find the last day on which there are as many rows as there should be.

    Looked at are single days, weeks, and spans of 28 days, counted back from the last row. The
    shortest is taken whose median, over the last 90 days, 26 weeks or 13 spans of 28 days with any
    row at all, is five rows or more. The data ends with the last row of the last span that holds
    two rows and a twentieth of that median.

    Parameters
    ----------
    days : int array (n,)
        Days with rows, rising.
    counts : int array (n,)
        Rows of each day.

    Returns
    -------
    (int, bool)
        The day, and whether it was found so; else it is the day of the last row.

    Examples
    --------
    >>> find_last_day(np.array([1, 2, 3, 43]), np.array([20, 22, 18, 1]))
    (3, True)
    """
    for length, looked_at in _SPANS:
        span = (days[-1] - days) // length
        rows = np.bincount(span, weights=counts)
        median = float(np.median(rows[rows > 0][:looked_at]))
        if median >= _LEAST_MEDIAN:
            enough = np.flatnonzero(rows >= max(_LEAST_ORDERS, _LEAST_SHARE * median))
            return int(days[span == enough[0]].max()), True
    return int(days[-1]), False


def _count_days(connection: duckdb.DuckDBPyConnection, instant: str) -> tuple[Ints, Ints]:
    """Count the orders per local day of an instant, by quarters of an hour first: it is faster."""
    quarters = f"SELECT {instant} // {_QUARTER} AS quarter, count(*) AS n FROM orders GROUP BY 1"
    rows = connection.execute(
        f"SELECT {local_day_sql(f'quarter * {_QUARTER}')} AS day, sum(n) FROM ({quarters}) "
        "GROUP BY day ORDER BY day"
    ).fetchall()
    table = np.array(rows, dtype=np.int64)
    return table[:, 0], table[:, 1]
