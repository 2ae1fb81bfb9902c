"""What a table covers in time: from when to when, with which gaps, how late its rows came."""

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
    """How long after they happened the rows were known, where the shop gives `known_at`.

    Rows older than the first `known_at` came with the history and say nothing about it.

    Attributes
    ----------
    late_share : float
        Share of the rows known more than a minute after they happened.
    days_50, days_90, days_99, days_995 : float
        Days within which that share of the rows (99.5 % the last) was known.
    """

    late_share: float
    days_50: float
    days_90: float
    days_99: float
    days_995: float


class Coverage(msgspec.Struct, frozen=True):
    """One table's coverage.

    Attributes
    ----------
    table : str
    rows : int
    columns : list of str
        The columns of the contract that the shop gives.
    first_at, last_at : str or None
        Of when the rows happened, ISO 8601 in the shop's time zone; None for a table without
        a clock.
    days_covered : int or None
        Local days with at least one row.
    largest_gap_days : int or None
        Most days from one day with rows to the next, less one: 0 if every day has some.
    duplicates : int
        Rows that repeat another one in every column; 0 where the table's id forbids it.
    lateness : Lateness or None
        None where the shop gives no `known_at`, or none that tells.
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


class Days(msgspec.Struct, frozen=True):
    """Rows per local day: the days that have any, rising, and how many."""

    days: Ints
    counts: Ints

    @property
    def gaps(self) -> Ints:
        """Days without rows between one day with rows and the next."""
        return np.diff(self.days) - 1


def count_days(log: Log, table: Table) -> Days | None:
    """Count a table's rows per local day; None for a table without a clock, or without times.

    Placeholder dates are left out. Summed by quarters of an hour first, so that few instants
    need the slow conversion.
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
    found = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return Days(found[:, 0], found[:, 1]) if len(found) else None


def cover(log: Log, table: Table, days: Days | None) -> Coverage:
    """Sum up what a table covers."""
    first, last = log.span(table.name)
    return Coverage(
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
    found = log.connection.execute(f"SELECT coalesce(sum(n - 1), 0) FROM ({repeated})")
    return int(found.fetchall()[0][0])


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


def find_gaps(table: str, days: Days) -> Iterator[Finding]:
    """Find stretches without any order that are far longer than usual."""
    usual = float(np.quantile(days.gaps + 1, 0.9)) if len(days.gaps) else 0.0
    places = np.flatnonzero(days.gaps + 1 > max(_GAP_RATIO * usual, _GAP_DAYS))
    if len(places):
        spans = [
            f"{date_of_day(days.days[p] + 1)} to {date_of_day(days.days[p + 1] - 1)}"
            for p in places[:5]
        ]
        yield Finding(
            "warning",
            table,
            f"{int(days.gaps[places].sum())} days without a row, where "
            f"{_days(usual)} to the next is usual",
            None,
            None,
            spans,
            "If the export has a hole, fill it: it looks like customers who left.",
        )


def _days(usual: float) -> str:
    return "a day" if usual <= 1 else f"{usual:.0f} days"


def find_shifts(table: str, days: Days) -> Iterator[Finding]:
    """Find whole months with far fewer rows than both neighbours have on average."""
    months = months_of_days(days.days)
    start = months[0]
    counts = np.bincount(months - start, weights=days.counts)
    usual = (counts[:-2] + counts[2:]) / 2
    low = (counts[1:-1] < _SHIFT_SHARE * usual) & (usual >= _SHIFT_ROWS)
    if low.any():
        places = np.flatnonzero(low) + 1
        yield Finding(
            "warning",
            table,
            "months with less than 30 % of the rows of their neighbours",
            int(counts[places].sum()),
            None,
            [f"{np.datetime64(int(start + p), 'M')}: {int(counts[p]):,}" for p in places[:5]],
            "If the export has a hole, fill it, or start the log after it.",
        )


def find_partial_end(table: str, days: Days) -> Iterator[Finding]:
    """Find last days with far fewer rows than the same weekday had in the weeks before."""
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
            [
                f"{date_of_day(first + place)}: {int(n):,}"
                for place, n in enumerate(dense[-partial:])
            ],
            f"Export whole days, or set shop.observed_until = '{date_of_day(first - 1)}'.",
        )


def _is_partial(dense: NDArray[np.float64], place: int) -> bool:
    before = dense[place - 7 :: -7][:_PARTIAL_WEEKS] if place >= 7 else dense[:0]
    usual = float(np.median(before)) if len(before) else 0.0
    return bool(usual >= _PARTIAL_ROWS and dense[place] < _PARTIAL_SHARE * usual)
