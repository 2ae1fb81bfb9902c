"""Tests of the NBD model, in which nobody drops out."""

import numpy as np

from models.btyd.nbd import Nbd

MODEL = Nbd(0.8, 6.0)
HISTORIES = np.array([0.0, 3.0]), np.array([0.0, 40.0]), np.array([70.0, 70.0])


def test_everybody_is_alive_and_buys_in_the_end() -> None:
    assert MODEL.p_alive(*HISTORIES).tolist() == [1.0, 1.0]
    assert (MODEL.p_within(*HISTORIES, [1e12]) > 0.999).all()


def test_the_expected_purchases_grow_linearly_with_time() -> None:
    week, ten_weeks = (MODEL.expected_purchases(*HISTORIES, days) for days in (7.0, 70.0))
    np.testing.assert_allclose(ten_weeks, 10 * week)
    np.testing.assert_allclose(week, (0.8 + HISTORIES[0]) / (6.0 + 10.0))


def test_the_age_of_the_silence_does_not_matter() -> None:
    frequency, _, T = HISTORIES
    long, short = (MODEL.p_within(frequency, recency, T, [30]) for recency in (T * 0, T))
    np.testing.assert_array_equal(long, short)
