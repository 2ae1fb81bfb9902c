"""Tests of the findings about feeds that end before the orders, or have rows after their end."""

from collections.abc import Callable

import pandas as pd

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import at, even_orders

Find = Callable[..., list[Finding]]


def _events(days: int, *further: float) -> pd.DataFrame:
    """Ten views on each of some days, and one on each further day."""
    instants = [at(day, 600 * i) for day in range(days) for i in range(10)]
    instants += [at(day) for day in further]
    ids = [f"c{i % 800}" for i in range(len(instants))]
    return pd.DataFrame({"customer_id": ids, "occurred_at": instants, "event_type": "view"})


def _about_ends(findings: list[Finding]) -> list[tuple[str, str]]:
    said = [f for f in findings if f.where == "events" and " end on " in f.what]
    return [(finding.level, finding.what.partition(":")[0]) for finding in said]


def test_a_feed_that_stopped_before_the_orders_is_named(find: Find) -> None:
    found = find(even_orders(2400, 20), events=_events(100))
    assert _about_ends(found) == [
        ("warning", "the rows end on 2024-04-09, 20 days before the orders")
    ]


def test_single_rows_move_no_end(find: Find) -> None:
    found = find(even_orders(2400, 20), events=_events(100, 119))
    assert _about_ends(found) == [
        ("warning", "the rows end on 2024-04-09, 20 days before the orders"),
        ("advice", "rows after the others, which end on 2024-04-09"),
    ]


def test_a_feed_that_pauses_as_long_between_its_days_is_no_finding(find: Find) -> None:
    events = _events(101)
    campaigns = pd.to_datetime(events["occurred_at"]).dt.day_of_year % 12 == 5
    assert _about_ends(find(even_orders(2400, 20), events=events[campaigns])) == []


def test_a_feed_that_goes_on_with_the_orders_is_no_finding(find: Find) -> None:
    assert _about_ends(find(even_orders(2400, 20), events=_events(118))) == []
