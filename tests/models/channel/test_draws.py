"""The chances with which the arms of messages could have been drawn."""

import numpy as np
import pandas as pd
import pytest

from features.arrays import Flags
from features.errors import InputError
from models.channel.draws import (
    CLUSTER,
    DRAW_WEIGHT,
    add_chances,
    chances_of,
    could_have_differed,
)

ARMS = ("email", "none", "sms")
ALL = (True, True, True)


def _messages(*rows: tuple[str, bool, float]) -> pd.DataFrame:
    """Make messages from (channel, randomised, propensity)."""
    messages = pd.DataFrame(rows, columns=["channel", "randomised", "propensity"])
    return messages.assign(customer_id=[f"c{place}" for place in range(len(rows))])


def _possible(*rows: tuple[bool, bool, bool]) -> Flags:
    return np.array(rows, dtype=bool)


# Draws of every arm, so that all three are arms that the shop draws.
_DRAWS = [("email", True, 1 / 3), ("none", True, 1 / 3), ("sms", True, 1 / 3)]


def test_arms_drawn_alike_have_equal_chances_among_the_possible_and_weight_1() -> None:
    messages = _messages(*_DRAWS, ("email", True, 0.5))
    rows = add_chances(messages, ARMS, _possible(ALL, ALL, ALL, (True, True, False)))
    assert chances_of(rows, ARMS)[0] == pytest.approx([1 / 3] * 3)
    assert chances_of(rows, ARMS)[3] == pytest.approx([0.5, 0.5, 0])
    assert rows[DRAW_WEIGHT].tolist() == [1.0] * 4


def test_another_logged_chance_is_weighed_into_an_equal_one() -> None:
    messages = _messages(*_DRAWS, ("email", True, 0.8), ("sms", True, 0.1))
    rows = add_chances(messages, ARMS, _possible(*[ALL] * 5))
    assert chances_of(rows, ARMS)[3:] == pytest.approx(np.full((2, 3), 1 / 3))
    assert rows[DRAW_WEIGHT].tolist()[3:] == pytest.approx([1 / 3 / 0.8, 1 / 3 / 0.1])


def test_weighted_draws_say_what_equal_ones_would() -> None:
    rng = np.random.default_rng(0)
    chance = np.array([0.6, 0.3, 0.1])
    arm = rng.choice(3, 50_000, p=chance)
    messages = _messages(*((ARMS[a], True, float(chance[a])) for a in arm))
    rows = add_chances(messages, ARMS, np.ones((len(arm), 3), dtype=bool))
    shares = rows.groupby("channel")[DRAW_WEIGHT].sum() / len(rows)
    assert shares.tolist() == pytest.approx([1 / 3] * 3, abs=0.02)


def test_listed_chances_are_taken_as_they_are() -> None:
    listed = np.full((4, 3), np.nan)
    listed[3] = [0.7, 0.2, 0.1]
    rows = add_chances(
        _messages(*_DRAWS, ("email", True, 0.7)), ARMS, _possible(*[ALL] * 4), listed
    )
    assert chances_of(rows, ARMS)[3].tolist() == [0.7, 0.2, 0.1]
    assert rows[DRAW_WEIGHT].tolist() == [1.0] * 4


def test_with_a_chance_of_1_nothing_else_was_possible() -> None:
    rows = add_chances(_messages(*_DRAWS, ("email", True, 1.0)), ARMS, _possible(*[ALL] * 4))
    assert chances_of(rows, ARMS)[3].tolist() == [1.0, 0.0, 0.0]
    assert rows[DRAW_WEIGHT].tolist()[3] == 1
    assert could_have_differed(rows, ARMS).tolist() == [True, True, True, False]


def test_an_arm_that_is_never_drawn_is_no_possible_draw() -> None:
    messages = _messages(("email", True, 0.5), ("none", True, 0.5), ("sms", False, np.nan))
    rows = add_chances(messages, ARMS, _possible(*[ALL] * 3))
    assert chances_of(rows, ARMS)[:2].tolist() == [[0.5, 0.5, 0.0]] * 2
    assert rows[DRAW_WEIGHT].tolist() == [1.0] * 3


def test_the_arm_that_was_sent_was_possible() -> None:
    rows = add_chances(_messages(*_DRAWS), ARMS, _possible(*[(False, True, False)] * 3))
    assert chances_of(rows, ARMS)[0].tolist() == [0.5, 0.5, 0.0]


def test_targeted_messages_have_no_chances_and_count_once() -> None:
    rows = add_chances(_messages(*_DRAWS, ("email", False, 0.9)), ARMS, _possible(*[ALL] * 4))
    assert np.isnan(chances_of(rows, ARMS)[3]).all()
    assert rows[DRAW_WEIGHT].tolist()[3] == 1
    assert not could_have_differed(rows, ARMS)[3]


def test_the_cluster_is_the_customer_unless_it_is_given() -> None:
    messages = _messages(*_DRAWS)
    assert add_chances(messages, ARMS, _possible(*[ALL] * 3))[CLUSTER].tolist() == [
        "c0",
        "c1",
        "c2",
    ]
    households = messages.assign(**{CLUSTER: ["h", "h", "i"]})
    rows = add_chances(households, ARMS, _possible(*[ALL] * 3))
    assert rows[CLUSTER].tolist() == ["h", "h", "i"]


def test_chances_of_before_are_replaced() -> None:
    once = add_chances(_messages(*_DRAWS), ARMS, _possible(*[ALL] * 3))
    again = add_chances(once, ARMS, _possible(ALL, ALL, (False, True, True)))
    assert again.columns.is_unique
    assert chances_of(again, ARMS)[2].tolist() == [0.0, 0.5, 0.5]


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(InputError, match="expected one of email, none, sms, got fax"):
        add_chances(_messages(("fax", True, 0.5)), ARMS, _possible(ALL))
