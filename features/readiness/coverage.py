"""Measures what a table covers in time: first and last row, gaps, and how late rows came."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints
from features.contract.casts import local_day_sql
from features.contract.tables import Table
from features.log.log import Log
from features.readiness.finding import Finding
from features.windows import DAY, date_of_day, months_of_days, to_datetime

PLACEHOLDER_BEFORE = 366 * DAY  # 1971-01-02: no shop's log is older, and 1970-01-01 is a zero
_QUARTER = DAY // 96  # time zones are whole quarters of an hour apart
_LATE = 60_000_000  # a minute
_GAP_RATIO, _GAP_DAYS = 5, 3
_SHIFT_SHARE, _SHIFT_ROWS = 0.3, 50
_PARTIAL_SHARE, _PARTIAL_ROWS, _PARTIAL_DAYS, _PARTIAL_WEEKS = 0.5, 10, 7, 8


class Lateness(msgspec.Struct, frozen=True):
    """How long after they happened the rows of a table were known, by the column `known_at`.

    Rows older than the first `known_at` were imported with the history and are not counted.

    Attributes
    ----------
    late_share : float
        Share of the rows known more than a minute after they happened, 0 to 1.
    days_50, days_90, days_99, days_995 : float
        Days within which 50, 90, 99 and 99.5 % of the rows were known.
    """

    late_share: float
    days_50: float
    days_90: float
    days_99: float
    days_995: float


class TableCoverage(msgspec.Struct, frozen=True):
    """What one table of a log covers.

    Attributes
    ----------
    table : str
        Name of the table of the contract.
    rows : int
        Number of its rows.
    columns : list of str
        The columns of the contract that the shop gives.
    first_at, last_at : str or None
        When the first and the last row happened, ISO 8601 in the shop's time zone; None for a
        table without a clock.
    days_covered : int or None
        Local days with at least one row.
    largest_gap_days : int or None
        Most days without rows between two days with rows: 0 if every day has some.
    duplicates : int
        Rows that repeat another one in every column; 0 where the table's id forbids it.
    lateness : Lateness or None
        None where the shop gives no `known_at`, or too little of it.
    """

    table: str
    rows: int
    columns: list[str]
    first_at: str | None
    last_at: str | None
    days_covered: int | None
    largest_gap_days: int | None
    duplicates: int
    lateness: Lateness | None


class DailyRows(msgspec.Struct, frozen=True):
    """The number of rows per local day of a table.

    Attributes
    ----------
    days : array of int `(n,)`
        Local days with rows, since 1970-01-01, rising.
    counts : array of int `(n,)`
        Rows of each of these days.
    """

    days: Ints
    counts: Ints

    @property
    def gaps(self) -> Ints:
        """Days without rows between each day with rows and the next: array `(n - 1,)`."""
        return np.diff(self.days) - 1


def count_days(log: Log, table: Table) -> DailyRows | None:
    """Count a table's rows per local day; None for a table without a clock, or without times.

    Placeholder dates before 1971 are left out. Rows are counted by quarters of an hour first, so
    that few instants need the slow conversion into local days.
    """
    if table.happened is None or table.happened not in log.provided[table.name]:
        return None
    quarters = (
        f"SELECT {table.happened} // {_QUARTER} AS quarter, count(*) AS n FROM {table.name} "
        f"WHERE {table.happened} >= {PLACEHOLDER_BEFORE} GROUP BY quarter"
    )
    rows = log.connection.execute(
        f"SELECT {local_day_sql(f'quarter * {_QUARTER}')} AS day, sum(n) FROM ({quarters}) "
        "GROUP BY day ORDER BY day"
    ).fetchall()
    table_of_days = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return DailyRows(table_of_days[:, 0], table_of_days[:, 1]) if len(table_of_days) else None


def measure_coverage(log: Log, table: Table, days: DailyRows | None) -> TableCoverage:
    """Measure what a table of a log covers.

    Parameters
    ----------
    log : Log
        The shop's tables.
    table : Table
        The table of the contract.
    days : DailyRows or None
        Its rows per local day, as `count_days` returns them.
    """
    first, last = log.span(table.name)
    return TableCoverage(
        table.name,
        log.count(table.name),
        sorted(log.provided[table.name]),
        _text(log, first),
        _text(log, last),
        None if days is None else len(days.days),
        None if days is None else int(days.gaps.max(initial=0)),
        _duplicates(log, table),
        _lateness(log, table),
    )


def _text(log: Log, instant: int | None) -> str | None:
    if instant is None:
        return None
    return to_datetime(instant).astimezone(log.shop.timezone).isoformat()


def _duplicates(log: Log, table: Table) -> int:
    if table.key and set(table.key) - {"known_at"} <= log.provided[table.name]:
        return 0
    repeated = f"SELECT count(*) AS n FROM {table.name} AS t GROUP BY hash(t) HAVING n > 1"
    total = log.connection.execute(f"SELECT coalesce(sum(n - 1), 0) FROM ({repeated})")
    return int(total.fetchall()[0][0])


def _lateness(log: Log, table: Table) -> Lateness | None:
    if table.happened in (None, "known_at") or "known_at" not in log.provided[table.name]:
        return None
    known = f"greatest(known_at, {table.happened})"
    late = f"{known} - {table.happened}"
    row = log.connection.execute(
        f"SELECT avg(CAST({late} > {_LATE} AS INTEGER)), "
        f"quantile_disc({late}, [0.5, 0.9, 0.99, 0.995]) FROM {table.name} "
        f"WHERE {table.happened} >= (SELECT min({known}) FROM {table.name})"
    ).fetchall()[0]
    return None if row[0] is None else Lateness(row[0], *(value / DAY for value in row[1]))


def find_gaps(table: str, days: DailyRows) -> Iterator[Finding]:
    """Find stretches of days without rows that are far longer than usual in a table."""
    usual = float(np.quantile(days.gaps + 1, 0.9)) if len(days.gaps) else 0.0
    long = np.flatnonzero(days.gaps + 1 > max(_GAP_RATIO * usual, _GAP_DAYS))
    if len(long):
        spans = [
            f"{date_of_day(days.days[i] + 1)} to {date_of_day(days.days[i + 1] - 1)}"
            for i in long[:5]
        ]
        yield Finding(
            "warning",
            table,
            f"{int(days.gaps[long].sum())} days without a row, where "
            f"{_days(usual)} to the next is usual",
            None,
            None,
            spans,
            "If the export has a hole, fill it: it looks like customers who left.",
        )


def _days(usual: float) -> str:
    return "a day" if usual <= 1 else f"{usual:.0f} days"


def find_shifts(table: str, days: DailyRows) -> Iterator[Finding]:
    """Find months with less than 30 % of the mean rows of the month before and after."""
    months = months_of_days(days.days)
    start = months[0]
    counts = np.bincount(months - start, weights=days.counts)
    usual = (counts[:-2] + counts[2:]) / 2
    low = (counts[1:-1] < _SHIFT_SHARE * usual) & (usual >= _SHIFT_ROWS)
    if low.any():
        low_months = np.flatnonzero(low) + 1
        yield Finding(
            "warning",
            table,
            "months with less than 30 % of the rows of their neighbours",
            int(counts[low_months].sum()),
            None,
            [f"{np.datetime64(int(start + i), 'M')}: {int(counts[i]):,}" for i in low_months[:5]],
            "If the export has a hole, fill it, or start the log after it.",
        )


def find_partial_end(table: str, days: DailyRows) -> Iterator[Finding]:
    """Find last days with less than half of the rows that their weekday had before."""
    dense = np.zeros(days.days[-1] - days.days[0] + 1)
    dense[days.days - days.days[0]] = days.counts
    partial = 0
    while partial < _PARTIAL_DAYS and _is_partial(dense, len(dense) - 1 - partial):
        partial += 1
    if partial:
        first = days.days[-1] - partial + 1
        yield Finding(
            "advice",
            table,
            f"the last {'day has' if partial == 1 else f'{partial} days have'} less than half of "
            "the usual rows",
            int(dense[-partial:].sum()),
            None,
            [f"{date_of_day(first + day)}: {int(n):,}" for day, n in enumerate(dense[-partial:])],
            f"Export whole days, or set shop.observed_until = '{date_of_day(first - 1)}'.",
        )


def _is_partial(dense: NDArray[np.float64], day: int) -> bool:
    """Say whether a day has less than half of the rows of its weekday in the weeks before."""
    before = dense[day - 7 :: -7][:_PARTIAL_WEEKS] if day >= 7 else dense[:0]
    usual = float(np.median(before)) if len(before) else 0.0
    return bool(usual >= _PARTIAL_ROWS and dense[day] < _PARTIAL_SHARE * usual)
