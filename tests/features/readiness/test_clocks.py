"""Tests of the probes of instants, each in a log of orders that has one oddity."""

from collections.abc import Callable

import pandas as pd
import pytest

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import even_orders

Find = Callable[..., list[Finding]]


@pytest.mark.parametrize(
    ("written", "warned"),
    [("%Y-%m-%d 00:00:00", True), ("%Y-%m-%dT00:00:00Z", True), ("%Y-%m-%d", False)],
)
def test_dates_written_as_times_are_found(find: Find, written: str, warned: bool) -> None:
    frame = even_orders(400, 20)
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"]).dt.strftime(written)
    found = [f for f in find(frame) if "written as a time" in f.what]
    assert [(f.where, f.count) for f in found] == [("orders.ordered_at", 400)] * warned


def test_a_clock_of_the_day_of_import_is_found(find: Find) -> None:
    frame = even_orders(2400, 20).assign(known_at=lambda f: f["ordered_at"])
    frame.loc[:1500, "known_at"] = "2024-05-01 03:04:05"
    (found,) = find(frame)
    assert (found.where, found.count) == ("orders.known_at", 1501)
    assert "2024-05-01 01:04:05 UTC" in found.what  # local in the file
    frame["known_at"] = "2024-05-01 03:04:05"
    (found,) = find(frame)
    assert found.share == 1


def test_a_default_instant_is_found_among_real_ones(find: Find) -> None:
    frame = even_orders(2400, 20)
    frame.loc[frame.index % 40 == 3, "ordered_at"] = "2024-03-01 00:00:00"
    (found,) = find(frame)
    assert (found.where, found.count) == ("orders.ordered_at", 60)
