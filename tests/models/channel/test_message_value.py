from pathlib import Path

import numpy as np
import pytest

from features.shop.shop import read_shop
from models.channel.message_value import MessageValue, best_arms, first_arms

ARMS = ["email", "none", "sms"]
EVERYBODY = np.ones((2, 3), dtype=bool)


def _p(email: float, none: float, sms: float) -> dict[str, np.ndarray]:
    return {a: np.full(2, p) for a, p in zip(ARMS, (email, none, sms), strict=True)}


def test_the_arm_with_the_highest_margin_wins() -> None:
    worth = MessageValue().of(_p(0.05, 0.04, 0.06), 5000, np.zeros(2))
    assert best_arms(worth, ARMS, EVERYBODY).tolist() == [2, 2]


def test_what_a_message_costs_is_taken_off() -> None:
    """20 % of 50.00 times a point of conversion is 10 cents: a text at 8 cents, then at 12."""
    p, nobody = _p(0.05, 0.04, 0.06), np.zeros(2)
    cheap = MessageValue(margin=0.2, cost={"sms": 8.0}).of(p, 5000, nobody)
    dear = MessageValue(margin=0.2, cost={"sms": 12.0}).of(p, 5000, nobody)
    assert cheap["sms"][0] == pytest.approx(0.2 * 0.06 * 5000 - 8)
    assert best_arms(cheap, ARMS, EVERYBODY)[0] == 2
    assert best_arms(dear, ARMS, EVERYBODY)[0] == 0


def test_the_tired_are_left_alone() -> None:
    worth = MessageValue(fatigue=30.0).of(_p(0.05, 0.04, 0.06), 5000, np.array([0.0, 4.0]))
    assert best_arms(worth, ARMS, EVERYBODY).tolist() == [2, 1]


def test_an_arm_that_is_not_eligible_is_never_chosen() -> None:
    worth = MessageValue().of(_p(0.05, 0.04, 0.06), 5000, np.zeros(2))
    eligible = np.array([[True, True, False], [False, True, False]])
    assert best_arms(worth, ARMS, eligible).tolist() == [0, 1]
    assert first_arms(["sms", "email"], ARMS, eligible).tolist() == [0, 1]


def test_an_arm_without_a_worth_comes_last_but_before_one_that_is_not_eligible() -> None:
    worth = MessageValue().of({"email": np.zeros(2)}, 5000, np.zeros(2))
    eligible = np.array([[True, True, True], [False, False, True]])
    assert best_arms(worth, ARMS, eligible).tolist() == [0, 2]


def test_an_order_falls_back_on_no_message() -> None:
    assert first_arms(["sms"], ARMS, np.array([[True, True, False]])).tolist() == [1]
    assert first_arms([], ARMS, EVERYBODY).tolist() == [1, 1]


def test_money_is_read_in_the_shops_minor_units(tmp_path: Path) -> None:
    for currency, unit in (("EUR", 100), ("JPY", 1)):
        text = f"""[shop]
currency = "{currency}"
[channels]
margin = 0.3
cost = {{SMS = 2.0}}
fatigue = 0.5
[tables.orders]
path = "o.csv"
"""
        (tmp_path / "nextbuy.toml").write_text(text)
        worth = MessageValue.of_shop(read_shop(tmp_path / "nextbuy.toml"))
        assert worth == MessageValue(0.3, {"sms": 2.0 * unit}, 0.5 * unit)


def test_recent_messages_are_read_only_where_they_take_something_off() -> None:
    assert MessageValue().recent({}, 2).tolist() == [0.0, 0.0]
    inputs = {"messages_count_7d": np.array([1.0, 3.0])}
    assert MessageValue(fatigue=1.0).recent(inputs, 2).tolist() == [1.0, 3.0]
    with pytest.raises(KeyError):
        MessageValue(fatigue=1.0).recent({}, 2)


def test_where_nothing_is_known_nothing_is_sent() -> None:
    assert best_arms({}, ARMS, EVERYBODY).tolist() == [1, 1]
