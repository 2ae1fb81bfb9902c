"""The best fixed order among eligible arms, and the worth of a choice beyond it."""

import numpy as np
import pytest

from benchmarks.channel.fixed_orders import (
    best_choice,
    find_best_order,
    follow_order,
    gain_over_order,
    value_of,
)

_P = np.array([[0.1, 0.2, 0.4], [0.1, 0.3, 0.2], [0.1, 0.3, 0.9]])
_ELIGIBLE = np.array([[True, True, True], [True, True, True], [True, True, False]])


def test_each_customer_gets_the_first_eligible_arm_of_the_order() -> None:
    assert follow_order(np.array([2, 1, 0]), _ELIGIBLE).tolist() == [2, 2, 1]


def test_the_best_order_knows_what_is_possible() -> None:
    order = find_best_order(_P, _ELIGIBLE)
    assert order.tolist()[:2] == [2, 1]
    assert value_of(_P, follow_order(order, _ELIGIBLE)) == pytest.approx(0.9 / 3)


def test_the_best_choice_gains_and_the_order_itself_gains_nothing() -> None:
    chosen = best_choice(_P, _ELIGIBLE)
    assert chosen.tolist() == [2, 1, 1]
    assert gain_over_order(_P, _ELIGIBLE, chosen) == pytest.approx(100 * (1.0 / 0.9 - 1))
    fixed = follow_order(find_best_order(_P, _ELIGIBLE), _ELIGIBLE)
    assert gain_over_order(_P, _ELIGIBLE, fixed) == pytest.approx(0)


def test_an_arm_that_is_not_eligible_is_refused() -> None:
    with pytest.raises(ValueError, match="not eligible"):
        gain_over_order(_P, _ELIGIBLE, np.array([2, 2, 2]))
