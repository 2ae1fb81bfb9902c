"""The clock of a simulated shop, by season, weekday and hour."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nextbuy.simulator.profiles import PROFILES, Profile
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_world import DAYS
from tests.nextbuy.simulator.exported_shop import read_linked, read_table


@pytest.mark.parametrize("profile", PROFILES.values())
def test_the_clock_runs_faster_before_christmas_and_both_ways_agree(profile: Profile) -> None:
    clock = Clock(profile)
    day = np.linspace(0, DAYS, 1001)[:-1]
    np.testing.assert_allclose(clock.day(clock.elapsed(day)), day, atol=1e-9)
    assert clock.elapsed(np.array([DAYS]))[0] == pytest.approx(DAYS)
    december, july, march = np.diff(clock.elapsed(np.array([[335, 356], [196, 217], [60, 81]]))).T[
        0
    ]
    assert july < 0.9 * march < march < 0.9 * december


def test_more_is_bought_before_christmas_than_in_summer(
    dense_shop: Path, sparse_shop: Path
) -> None:
    """Counted over orders of customers who stayed that no message caused."""
    for shop, peak in ((dense_shop, 1.4), (sparse_shop, 2.0)):
        truth = read_table(shop, "truth").set_index("customer_id")
        stayed = truth.index[truth["dropped_out_at"].isna()]
        orders = read_linked(shop, "orders")
        old = orders.groupby("customer_id")["ordered_at"].transform("min") < "2025-05-01"
        caused = read_table(shop, "messages")[["customer_id", "converted_at"]].dropna()
        keys = pd.MultiIndex.from_frame(orders[["customer_id", "ordered_at"]])
        uncaused = ~keys.isin(pd.MultiIndex.from_frame(caused.astype({"customer_id": str})))
        month = orders["ordered_at"].dt.tz_convert("Europe/Warsaw")
        month = month[old & uncaused & orders["customer_id"].isin(stayed)]
        counts = month[month >= "2025-06-01"].dt.month.value_counts()
        assert counts[12] > peak * counts[7]
        days = month.dt.day_of_week.value_counts(normalize=True)
        assert days[4] > 1.2 * days[6]
        assert (month.dt.hour < 6).mean() < 0.05


def test_a_day_past_the_end_of_the_log_is_infinite(clock: Clock) -> None:
    day = clock.day(np.array([0.0, DAYS - 1e-6, DAYS, DAYS + 5.0]))
    assert day[0] == 0
    assert day[1] == pytest.approx(DAYS, abs=0.01)
    assert np.isinf(day[2:]).all()


def test_time_hardly_passes_at_night_and_runs_in_the_evening(clock: Clock) -> None:
    # Warsaw is one hour ahead of UTC in winter: day 10 begins there at 23:00 UTC of day 9
    hours = 10 + (np.arange(25) - 1) / 24
    passed = np.diff(clock.elapsed(hours))
    assert passed[:6].max() < 0.2 * passed.mean()
    assert passed[14:22].min() > 1.2 * passed.mean()
