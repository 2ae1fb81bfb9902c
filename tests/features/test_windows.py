from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from features.errors import InputError
from features.windows import (
    DAY,
    Window,
    cutoffs_before,
    last_end_of_day,
    local_clocks,
    local_day,
    read_cutoff,
    to_datetime,
    to_instant,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = Window(cutoff=1000 * DAY, lookback=10, horizon=30)

# instant -> (read, in the target): both ends, to the microsecond
SIDES = {
    990 * DAY: (False, False),
    990 * DAY + 1: (True, False),
    1000 * DAY: (True, False),
    1000 * DAY + 1: (False, True),
    1030 * DAY: (False, True),
    1030 * DAY + 1: (False, False),
}


@pytest.mark.parametrize(("instant", "sides"), SIDES.items())
def test_rows_at_the_ends_of_the_window_fall_on_the_right_side(
    instant: int, sides: tuple[bool, bool]
) -> None:
    read, target = sides
    sides_sql = f"{WINDOW.known_sql('h', 'h')}, {WINDOW.target_sql('h')}"
    sql = f"SELECT {sides_sql} FROM (SELECT {instant} AS h)"
    assert duckdb.sql(sql).fetchall() == [(read, target)]
    array = np.array([instant], dtype=float)
    assert WINDOW.known(array, array).tolist() == [read]


def test_a_row_known_after_the_cutoff_is_not_read_however_old() -> None:
    happened, known = np.array([995.0 * DAY]), np.array([1000.0 * DAY + 1])
    assert not WINDOW.known(happened, known)[0]
    sql = WINDOW.known_sql(str(995 * DAY), str(1000 * DAY + 1))
    assert duckdb.sql(f"SELECT {sql}").fetchall() == [(False,)]


@pytest.mark.parametrize(("after", "days"), [(1, 1), (DAY, 1), (DAY + 1, 2), (30 * DAY, 30)])
def test_days_into_the_target_are_the_first_whole_h_that_contains_the_row(
    after: int, days: int
) -> None:
    sql = f"SELECT {WINDOW.days_into_target_sql(str(WINDOW.cutoff + after))}"
    assert duckdb.sql(sql).fetchall() == [(days,)]


def test_a_bare_cutoff_is_the_last_microsecond_of_its_local_day() -> None:
    cutoff = read_cutoff("2024-06-30", BERLIN)
    assert to_datetime(cutoff) == datetime(2024, 6, 30, 21, 59, 59, 999999, tzinfo=UTC)


def test_a_naive_time_is_read_in_the_shops_zone() -> None:
    assert read_cutoff("2024-06-30T12:00:00", BERLIN) == to_instant(
        datetime(2024, 6, 30, 10, tzinfo=UTC), UTC_ZONE
    )


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-13-01", "", "9999-12-31", "20240101", "2024-W01-1"]
)
def test_a_cutoff_that_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cutoff: expected a date or an instant"):
        read_cutoff(text, UTC_ZONE)


def test_cutoffs_stay_at_the_end_of_local_days_across_the_change_of_the_clock() -> None:
    last = read_cutoff("2024-04-02", BERLIN)
    walk = list(cutoffs_before(last, 3, read_cutoff("2024-03-25", BERLIN), BERLIN))
    assert walk == [read_cutoff(d, BERLIN) for d in ("2024-04-02", "2024-03-30", "2024-03-27")]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Atlantic/Azores"])
@pytest.mark.parametrize(
    "text",
    [
        "2024-03-31 02:30:00",
        "2024-10-27 02:30:00",
        "2024-11-03 00:30:00",
        "2024-10-27 00:30:00",
        "2024-03-10 00:30:00",
        "2024-11-03 00:00:00",
        "2024-10-27 00:00:00",
    ],
)
def test_times_that_occur_twice_or_never_are_read_as_duckdb_reads_them(
    zone: str, text: str
) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{zone}'")
    theirs = connection.execute(f"SELECT epoch_us(TIMESTAMPTZ '{text}')").fetchall()[0][0]
    assert read_cutoff(text, ZoneInfo(zone)) == theirs


def test_the_last_end_of_day_is_not_after_the_instant() -> None:
    end = read_cutoff("2024-03-30", BERLIN)
    assert last_end_of_day(end, BERLIN) == end
    assert last_end_of_day(end + 1, BERLIN) == end
    assert last_end_of_day(end - 1, BERLIN) == read_cutoff("2024-03-29", BERLIN)


def test_a_local_day_begins_at_local_midnight() -> None:
    end = read_cutoff("2024-03-30", BERLIN)
    assert local_day(end + 1, BERLIN) == local_day(end, BERLIN) + 1


def test_a_window_without_a_horizon_has_no_end() -> None:
    with pytest.raises(ValueError, match="no horizon"):
        _ = Window(0).end


@pytest.mark.parametrize("name", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
def test_local_clocks_are_those_of_the_zone_to_the_microsecond(name: str) -> None:
    """Over two years, and around each quarter of an hour: clocks may be changed there."""
    zone = ZoneInfo(name)
    quarters = np.arange(0, 2 * 366 * 96, 7) * (DAY // 96) + 19_700 * DAY
    instants = np.concatenate([quarters, quarters - 1])
    shown = [to_datetime(t).astimezone(zone).replace(tzinfo=UTC) for t in instants.tolist()]
    assert local_clocks(instants, zone).tolist() == [to_instant(t, zone) for t in shown]
