"""Declares probes of instants: rows known too early, late fields before their row, odd times."""

from collections.abc import Iterator

from features.contract.tables import Table, known_at_column
from features.log.log import Log
from features.readiness.coverage import PLACEHOLDER_BEFORE
from features.readiness.finding import Finding
from features.readiness.probes import Probe, row_name_sql
from features.windows import DAY, to_datetime

_MIDNIGHT_SHARE, _MIDNIGHT_ROWS = 0.95, 20
_SPIKE_ROWS, _SPIKE_SHARE, _SPIKE_RATIO = 50, 0.01, 10
_QUARTER = DAY // 96


def clock_probes(log: Log, table: Table) -> Iterator[Probe]:
    """List the probes of those columns of a table that hold instants and that the shop gives."""
    instants = [c.name for c in table.columns if c.kind == "instant"]
    given = [name for name in instants if name in log.provided[table.name]]
    for name in given:
        yield _placeholder(table, name)
        yield _midnight(table, name, "known_at" in given)
    if table.happened in (None, "known_at"):
        return
    if "known_at" in given:
        yield _early(table)
    for name in table.late_instants:
        if name in given:
            yield _before_its_row(table, name)


def _placeholder(table: Table, name: str) -> Probe:
    return Probe(
        "warning",
        f"{table.name}.{name}",
        "a date before 1971, as systems write for 'none'",
        "Leave the field empty, or the row out if it did not happen.",
        f"{name} < {PLACEHOLDER_BEFORE}",
        among=f"{name} IS NOT NULL",
    )


def _midnight(table: Table, name: str, known_given: bool) -> Probe:
    """Declare the probe of dates written as times; a true bare date is known at its day's end."""
    clock = known_at_column(name) if name in table.late_instants else "known_at"
    has_clock = name in table.late_instants or name == "known_at" or not known_given
    as_time = f"{clock} = {name}" if has_clock else "FALSE"
    return Probe(
        "warning",
        f"{table.name}.{name}",
        "midnight, written as a time: probably dates, and then known a day too early",
        "Export dates as dates (2025-06-30), which are known at the day's end.",
        f"{as_time} AND {_midnight_sql(name)}",
        among=f"{name} IS NOT NULL",
        least_share=_MIDNIGHT_SHARE,
        least_rows=_MIDNIGHT_ROWS,
    )


def _early(table: Table) -> Probe:
    return Probe(
        "warning",
        f"{table.name}.known_at",
        "known before it happened; used from when it happened, since both clocks must pass",
        "Compare the clocks and time zones of the two systems.",
        f"known_at < {table.happened}",
    )


def _before_its_row(table: Table, name: str) -> Probe:
    """Declare the probe of late fields before their row; a bare date of that day may be later."""
    row = table.happened
    same_day = f"{_midnight_sql(name)} AND {name} > {row} - {DAY}"
    return Probe(
        "warning",
        f"{table.name}.{name}",
        f"before {row} of its own row; used from {row} on",
        "Compare the clocks and time zones of the two systems.",
        f"{name} < {row} AND NOT ({same_day})",
        among=f"{name} IS NOT NULL",
    )


def _midnight_sql(instant: str) -> str:
    """Write the condition that an instant is midnight, of the shop's time zone or of UTC.

    Time zones are whole quarters of an hour apart, so that few rows need the slow conversion.
    """
    local = f"CAST(CAST(make_timestamptz({instant}) AS TIMESTAMP) AS TIME) = TIME '00:00:00'"
    return (
        f"(CASE WHEN {instant} % {_QUARTER} = 0 THEN {instant} % {DAY} = 0 OR {local} "
        "ELSE FALSE END)"
    )


def find_spikes(log: Log, table: Table) -> Iterator[Finding]:
    """Find columns in which many rows have the same instant, which is a default or an import.

    Yields
    ------
    Finding
        One per column, with the ids of some of the rows.
    """
    for name in dict.fromkeys((table.happened, "known_at")):
        if name is not None and name in log.provided[table.name]:
            yield from _spike(log, table, name)


def _spike(log: Log, table: Table, name: str) -> Iterator[Finding]:
    quarters = (
        f"SELECT {name} // {_QUARTER} AS quarter, count(*) AS n FROM {table.name} "
        f"WHERE {name} IS NOT NULL GROUP BY quarter"
    )
    rows, usual = log.connection.execute(f"SELECT sum(n), median(n) FROM ({quarters})").fetchall()[
        0
    ]
    if not rows or rows < _SPIKE_ROWS:
        return
    busiest = f"SELECT quarter FROM ({quarters}) ORDER BY n DESC LIMIT 3"
    instant, count = log.connection.execute(
        f"SELECT {name}, count(*) AS n FROM {table.name} WHERE {name} // {_QUARTER} IN ({busiest}) "
        f"GROUP BY {name} ORDER BY n DESC, {name} LIMIT 1"
    ).fetchall()[0]
    if count < max(_SPIKE_ROWS, _SPIKE_SHARE * rows):
        return
    if count >= rows / 2 or count >= _SPIKE_RATIO * usual:
        examples = log.connection.execute(
            f"SELECT {row_name_sql(table.name)} FROM {table.name} WHERE {name} = {instant} "
            "ORDER BY ALL LIMIT 3"
        ).fetchall()
        yield Finding(
            "warning",
            f"{table.name}.{name}",
            f"one and the same instant ({to_datetime(instant):%Y-%m-%d %H:%M:%S} UTC): "
            "a default, or the day of an import",
            count,
            count / rows,
            [row[0] for row in examples],
            "Export when the shop itself knew the row, not when it was copied."
            if name == "known_at"
            else "Export when it really happened, or leave such rows out.",
        )
