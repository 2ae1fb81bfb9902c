"""The rule of the recommendation: orders, worth, ties, the second arm."""

import msgspec
import numpy as np
import pytest

from features.arrays import object_array
from features.errors import InputError
from models.channel.model import ChannelModel
from models.channel.recommend import (
    Options,
    order_to_follow,
    preferred_channel,
    recommend_arms,
    runner_up_arms,
)
from tests.step_world import draw_messages, fit_exploring

ARMS = ["email", "none", "sms"]


def _options(*eligible: set[str], preferred: str | None = None) -> Options:
    flags = np.array([[arm in of_customer for arm in ARMS] for of_customer in eligible])
    return Options.of(ARMS, flags, [preferred] * len(eligible))


def _worth(rows: int = 1, **by_arm: float) -> dict[str, np.ndarray]:
    return {arm: np.full(rows, value) for arm, value in by_arm.items()}


def _recommended(
    worth: dict[str, np.ndarray], options: Options, order: list[str] | None = None
) -> list[str]:
    return [ARMS[column] for column in recommend_arms(order, worth, options)]


def test_the_eligible_arm_of_the_highest_value_is_recommended() -> None:
    worth = _worth(3, email=0.05, sms=0.09, none=0.02)
    options = _options({"email", "sms", "none"}, {"email", "none"}, {"none"})
    assert _recommended(worth, options) == ["sms", "email", "none"]


def test_no_message_competes_by_its_value() -> None:
    assert _recommended(_worth(email=0.05, none=0.06), _options(set(ARMS))) == ["none"]


@pytest.mark.parametrize(
    ("order", "recommended"),
    [
        (["phone", "email", "sms"], ["email", "sms", "none"]),
        (["none", "email", "sms"], ["none", "none", "none"]),
        (["email", "none", "sms"], ["email", "none", "none"]),
        (["email"], ["email", "none", "none"]),
        ([], ["none", "none", "none"]),
    ],
)
def test_an_order_is_followed_as_written_and_ends_with_none(
    order: list[str], recommended: list[str]
) -> None:
    options = _options({"email", "sms", "none"}, {"sms", "none"}, {"none"}, preferred="sms")
    worth = _worth(3, email=0.05, sms=0.09, none=0.99)
    assert _recommended(worth, options, order) == recommended


@pytest.fixture(scope="module")
def exploring() -> ChannelModel:
    return fit_exploring(draw_messages(3000, 0.0, seed=0)[0])


def test_without_identified_effects_the_shops_order_is_followed_else_conversion(
    exploring: ChannelModel,
) -> None:
    rates = {"email": 0.05, "none": 0.99, "sms": 0.09}
    observed = msgspec.structs.replace(exploring, level="observational", mean_p=rates)
    order = ["none", "email", "sms"]
    assert order_to_follow(observed, order) == order
    assert order_to_follow(observed, []) == ["sms", "email"]
    assert order_to_follow(exploring, order) is None


def test_of_equal_arms_the_preferred_one_is_recommended_then_none_then_the_first_by_name() -> None:
    equal = _worth(email=0.05, sms=0.05, none=0.05)
    assert _recommended(equal, _options(set(ARMS), preferred="sms")) == ["sms"]
    assert _recommended(equal, _options({"email", "none"}, preferred="sms")) == ["none"]
    assert _recommended(equal, _options(set(ARMS))) == ["none"]
    assert _recommended(_worth(email=0.05, sms=0.05, none=0.01), _options(set(ARMS))) == ["email"]
    better = equal | _worth(email=0.06)
    assert _recommended(better, _options(set(ARMS), preferred="sms")) == ["email"]


def test_the_order_of_the_columns_does_not_matter() -> None:
    worth, everybody = _worth(email=1.0, sms=1.0), np.ones((1, 3), dtype=bool)
    for arms in (["sms", "email", "none"], ["none", "sms", "email"]):
        options = Options.of(arms, everybody, [None])
        assert arms[recommend_arms(None, worth, options)[0]] == "email"


def test_an_arm_without_a_value_is_recommended_neither_over_one_with_it_nor_over_none() -> None:
    unknown = _options(set(ARMS), {"sms", "none"}, preferred="sms")
    assert _recommended(_worth(2, email=-5.0), unknown) == ["email", "none"]
    assert _recommended({}, unknown) == ["none", "none"]
    assert _recommended(_worth(2, email=-np.inf), unknown) == ["none", "none"]


def test_the_runner_up_is_the_arm_that_would_be_recommended_without_the_first() -> None:
    options = _options(set(ARMS), {"email", "none"}, {"none"}, preferred="sms")
    equal = _worth(3, email=0.05, sms=0.05, none=0.05)
    first = recommend_arms(None, equal, options)
    assert [ARMS[column] for column in first] == ["sms", "none", "none"]
    assert runner_up_arms(equal, options, first).tolist() == [1, 0, -1]


def test_there_is_no_runner_up_to_an_arm_without_a_value() -> None:
    options = _options({"sms", "none"}, {"email", "none"})
    worth = _worth(2, email=0.05)
    first = recommend_arms(None, worth, options)
    assert runner_up_arms(worth, options, first).tolist() == [-1, -1]


@pytest.mark.parametrize("arms", [["email", "sms"], ["email", "none"]])
def test_options_without_none_for_everybody_are_refused(arms: list[str]) -> None:
    with pytest.raises(InputError, match="`none` among the arms, and eligible for everybody"):
        Options.of(arms, np.array([[True, False]]), [None])


def test_a_preferred_channel_that_is_no_arm_prefers_nothing() -> None:
    assert _options(set(ARMS), preferred="fax").preferred.tolist() == [-1]
    preferring = _options(set(ARMS), set(ARMS), preferred="sms")
    assert preferring.take(np.array([False, True])).preferred.tolist() == [2]
    assert preferring.without_preferences().preferred.tolist() == [-1, -1]


def test_the_preferred_channel_is_what_the_latest_known_row_says() -> None:
    rows = {
        "attribute": object_array(["preferred_channel", "country", *["preferred_channel"] * 2]),
        "value": object_array(["sms", "PL", "email", None]),
        "known_at": np.array([10.0, 15.0, 20.0, 30.0]),
    }
    told = [preferred_channel(rows, t) for t in (9, 10, 19, 20, 30)]
    assert told == [None, "sms", "sms", "email", None]
    assert preferred_channel(None, 10) is None
