"""Tests of the value of a message: margin less cost and fatigue."""

from pathlib import Path

import numpy as np
import pytest

from features.shop.shop import read_shop
from models.channel.message_value import MessageValue
from models.channel.recommend import Options, recommend_arms

ARMS = ["email", "none", "sms"]
EVERYBODY = Options.unrestricted(ARMS, 2)


def _p(email: float, none: float, sms: float) -> dict[str, np.ndarray]:
    return {a: np.full(2, p) for a, p in zip(ARMS, (email, none, sms), strict=True)}


def test_the_arm_with_the_highest_margin_wins() -> None:
    worth = MessageValue().expected_values(_p(0.05, 0.04, 0.06), 5000, np.zeros(2))
    assert recommend_arms(None, worth, EVERYBODY).tolist() == [2, 2]


def test_the_cost_of_a_message_lowers_its_value() -> None:
    """20 % of 50.00 times a point of conversion is 10 cents: a text at 8 cents, then at 12."""
    p, nobody = _p(0.05, 0.04, 0.06), np.zeros(2)
    cheap = MessageValue(margin=0.2, cost={"sms": 8.0}).expected_values(p, 5000, nobody)
    dear = MessageValue(margin=0.2, cost={"sms": 12.0}).expected_values(p, 5000, nobody)
    assert cheap["sms"][0] == pytest.approx(0.2 * 0.06 * 5000 - 8)
    assert recommend_arms(None, cheap, EVERYBODY)[0] == 2
    assert recommend_arms(None, dear, EVERYBODY)[0] == 0


def test_fatigue_recommends_no_message_to_customers_with_many_recent_ones() -> None:
    worth = MessageValue(fatigue=30.0).expected_values(
        _p(0.05, 0.04, 0.06), 5000, np.array([0.0, 4.0])
    )
    assert recommend_arms(None, worth, EVERYBODY).tolist() == [2, 1]


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


def test_recent_messages_are_read_only_where_fatigue_costs_something() -> None:
    assert MessageValue().recent_messages({}, 2).tolist() == [0.0, 0.0]
    inputs = {"messages_count_7d": np.array([1.0, 3.0])}
    assert MessageValue(fatigue=1.0).recent_messages(inputs, 2).tolist() == [1.0, 3.0]
    with pytest.raises(KeyError, match="messages_count_7d"):
        MessageValue(fatigue=1.0).recent_messages({}, 2)
