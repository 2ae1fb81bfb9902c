"""The seasonal shift: what a year ago says of the coming months."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.purchase.season import (
    CUTOFF_DAY,
    YEAR_DAYS,
    Season,
    find_reach,
    fit_interval_seasons,
    fit_season,
)

DAYS = [100, 150, 200, 250]
REACH = 91
PLANTED = np.array([0.6, 0.0, -0.4, -0.2])


def _slices(shares: list[float]) -> tuple[list[pd.DataFrame], list[np.ndarray]]:
    """Make slices of ever more customers who buy often, so that plain rates mislead."""
    rng = np.random.default_rng(1)
    frames, outcomes = [], []
    for share, gamma in zip(shares, PLANTED, strict=True):
        often = rng.random(20_000) < share
        frame = pd.DataFrame(
            {
                "days_since_last": rng.integers(0, 200, 20_000),
                "purchase_days_count_91d": np.where(often, 6, 1),
            }
        )
        p = expit(np.where(often, 1.0, -1.5) + gamma - frame["days_since_last"] / 60)
        frames.append(frame)
        outcomes.append((rng.random(20_000) < p).to_numpy(copy=True))
    return frames, outcomes


def test_planted_shifts_are_found_though_the_customers_change() -> None:
    season = fit_season(*_slices([0.1, 0.3, 0.6, 0.9]), DAYS, REACH)
    np.testing.assert_allclose(season.gammas, PLANTED - PLANTED.mean(), atol=0.08)
    assert sum(season.gammas) == pytest.approx(0.0)


def test_the_order_of_the_slices_does_not_matter() -> None:
    frames, outcomes = _slices([0.1, 0.3, 0.6, 0.9])
    there = fit_season(frames, outcomes, DAYS, REACH)
    back = fit_season(frames[::-1], outcomes[::-1], DAYS[::-1], REACH)
    assert back.days == there.days
    np.testing.assert_allclose(back.gammas, there.gammas, atol=1e-4)


def test_customers_beyond_the_reach_do_not_change_the_season() -> None:
    frames, outcomes = _slices([0.5] * 4)
    shifts = fit_season(frames, outcomes, DAYS, REACH).gammas
    for frame, outcome in zip(frames, outcomes, strict=True):
        outcome[frame["days_since_last"] >= REACH] = True
    assert fit_season(frames, outcomes, DAYS, REACH).gammas == shifts


def test_an_annual_season_is_found_among_customers_who_have_long_been_silent() -> None:
    rng = np.random.default_rng(2)
    frames, outcomes = [], []
    for days_since_sale, share in ((300, 0.5), (330, 0.5), (120, 0.02), (150, 0.02)):
        silence = days_since_sale + 364 * rng.integers(0, 2, 2000)
        frames.append(pd.DataFrame({"days_since_last": silence, "purchase_days_count_91d": 0}))
        outcomes.append(rng.random(2000) < share)
    assert not any(fit_season(frames, outcomes, DAYS, REACH).gammas)
    before, _, after, _ = fit_season(frames, outcomes, DAYS, reach=900).gammas
    assert before - after > 2.0


@pytest.mark.parametrize(("history", "reach"), [(120, 91), (272, 91), (273, 182), (988, 897)])
def test_who_has_been_silent_since_the_first_91_days_does_not_count(
    history: int, reach: int
) -> None:
    young, old = (pd.DataFrame({"T": [5, days]}) for days in (history, history + 28))
    assert find_reach([old, young]) == reach


def test_a_cutoff_looks_up_the_day_a_year_before() -> None:
    season = Season([100, 200], [-0.5, 0.5])
    ahead = season.shift_a_year_before({CUTOFF_DAY: np.array([100, 150, 175, 200]) + YEAR_DAYS})
    np.testing.assert_allclose(ahead, [-0.5, 0.0, 0.25, 0.5])


def test_long_after_the_cutoff_the_shift_stays_the_last_one_known() -> None:
    season = Season([100, 200], [-0.5, 0.5])
    assert season.shift_a_year_before({CUTOFF_DAY: np.array([900.0])}).tolist() == [0.5]


def _interval_part(day: int, share: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Make 200 customers of one day's cutoff, of whom a share comes in the first of two intervals.

    Nobody is awaited in the second one.
    """
    customers = np.arange(200)
    frame = pd.DataFrame(
        {"days_since_last": 5.0, "purchase_days_count_91d": 1.0, "T": 400.0, CUTOFF_DAY: day},
        index=customers,
    )
    came = customers < share * 200
    nobody = np.zeros(200, dtype=bool)
    return frame, np.column_stack([~nobody, nobody]), np.column_stack([came, nobody])


def test_each_interval_has_the_season_of_those_who_were_awaited_in_it() -> None:
    nobody = tuple(part[:0] for part in _interval_part(50, 0.5))
    busy, quiet = fit_interval_seasons(
        [nobody, _interval_part(100, 0.6), _interval_part(464, 0.2)], reach=91
    )
    assert busy.days == [100, 464]
    assert busy.gammas[0] > 0.5 > -0.5 > busy.gammas[1]
    assert quiet.shift_on(100) == quiet.shift_on(464) == 0.0
