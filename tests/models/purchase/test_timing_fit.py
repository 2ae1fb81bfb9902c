"""Tests of the intervals into which the timing model cuts the horizon."""

import pytest

from models.purchase.timing_fit import interval_edges


@pytest.mark.parametrize("horizon", [1, 7, 30, 90, 365])
def test_intervals_rise_to_the_horizon(horizon: int) -> None:
    edges = interval_edges(horizon)
    assert edges[-1] == horizon
    assert edges == sorted(set(edges)) and edges[0] >= 1


def test_intervals_are_shorter_at_the_start_of_the_horizon() -> None:
    edges = interval_edges(90)
    assert edges[0] < edges[-1] - edges[-2]
