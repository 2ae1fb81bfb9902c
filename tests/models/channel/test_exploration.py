"""The chances of a decision's arms, and the draw: what holds for every setting."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError, NextbuyError
from features.shop.settings_file import DecisionSection
from models.arms import NO_MESSAGE
from models.channel.exploration import draw_arm, draw_position

CHANNELS = ["email", "phone", "sms", "web_push"]
KEYS = st.text(max_size=5)


@st.composite
def situations(draw_from) -> tuple[str, list[str], DecisionSection, dict[str, float] | None]:
    """Give a recommended arm, eligible arms, settings and perhaps shares, all valid."""
    share = st.floats(0, 1)
    sent = draw_from(st.lists(st.sampled_from(CHANNELS), unique=True))
    eligible = draw_from(st.permutations([*sent, NO_MESSAGE]))
    control = draw_from(share) / 2
    settings = DecisionSection(
        explore=draw_from(share) * (1 - control),
        control=control,
        floor=draw_from(share) / 10,
        method=draw_from(st.sampled_from(["epsilon", "thompson"])),
    )
    shares = None
    if settings.method == "thompson":
        counts = {arm: draw_from(st.integers(0, 100)) for arm in eligible}
        shares = counts | {eligible[0]: counts[eligible[0]] + 1}
    return draw_from(st.sampled_from(eligible)), eligible, settings, shares


@given(situations(), st.floats(0, 1, exclude_max=True))
def test_propensities_sum_to_one_keep_the_floor_and_are_of_eligible_arms_only(situation, u) -> None:
    recommended, eligible, settings, shares = situation
    drawn = draw_arm(recommended, eligible, settings, u, shares)
    assert sum(drawn.propensities.values()) == pytest.approx(1, abs=1e-12)
    assert drawn.propensities.keys() == set(eligible)
    floor = min(settings.floor, (1 - settings.control) / len(eligible))
    assert min(drawn.propensities.values()) >= floor - 1e-12
    assert drawn.propensities[NO_MESSAGE] >= settings.control
    assert drawn.channel in eligible
    assert drawn.propensity == drawn.propensities[drawn.channel] > 0
    assert drawn.draw_reason != "control" or drawn.channel == NO_MESSAGE


@given(situations(), st.floats(0, 1, exclude_max=True))
def test_the_same_position_draws_the_same_arm_whatever_the_order_of_the_arms(situation, u) -> None:
    recommended, eligible, settings, shares = situation
    reverse = shares and dict(reversed(shares.items()))
    one = draw_arm(recommended, eligible, settings, u, shares)
    assert draw_arm(recommended, eligible[::-1], settings, u, reverse) == one


@given(situations())
def test_arms_are_drawn_as_often_as_their_propensities(situation) -> None:
    recommended, eligible, settings, shares = situation
    n = 2000
    grid = (np.arange(n) + 0.5) / n
    drawn = [draw_arm(recommended, eligible, settings, u, shares) for u in grid]
    counts = Counter(d.channel for d in drawn)
    parts = 2 * len(eligible) + 1  # each may be one point of the grid off
    for arm, propensity in drawn[0].propensities.items():
        assert counts[arm] / n == pytest.approx(propensity, abs=parts / n)
    tags = Counter(d.draw_reason for d in drawn)
    assert tags["control"] / n == pytest.approx(settings.control, abs=1 / n)


def test_epsilon_is_control_a_share_at_random_and_the_rest_for_the_recommended() -> None:
    settings = DecisionSection(explore=0.1, control=0.2)
    drawn = draw_arm("sms", ["none", "sms", "email", "phone"], settings, 0.9)
    assert drawn.propensities == pytest.approx(
        {"none": 0.2 + 0.025, "sms": 0.025 + 0.7, "email": 0.025, "phone": 0.025}
    )
    assert (drawn.channel, drawn.draw_reason) == ("sms", "optimised")
    assert draw_arm("sms", ["none", "sms"], settings, 0.1).draw_reason == "control"
    assert draw_arm("sms", ["none", "sms"], settings, 0.21).draw_reason == "random"


def test_a_floor_above_the_explored_share_explores_more() -> None:
    settings = DecisionSection(explore=0.0, floor=0.05)
    drawn = draw_arm("email", ["email", "none"], settings, 0.0)
    assert drawn.propensities == pytest.approx({"email": 0.95, "none": 0.05})
    assert drawn.draw_reason == "random"


def test_thompson_gives_each_arm_the_share_in_which_it_is_the_best() -> None:
    settings = DecisionSection(explore=0.0, floor=0.0, method="thompson")
    shares = {"email": 3.0, "sms": 1.0}
    drawn = draw_arm("email", ["email", "sms", "none"], settings, 0.8, shares)
    assert drawn.propensities == pytest.approx({"email": 0.75, "sms": 0.25, "none": 0})
    assert (drawn.channel, drawn.draw_reason) == ("sms", "optimised")


def test_thompson_without_shares_is_refused() -> None:
    with pytest.raises(NextbuyError, match=r'method = "thompson".* Set method = "epsilon"'):
        draw_arm("none", ["none"], DecisionSection(method="thompson"), 0.5)


@pytest.mark.parametrize(
    ("recommended", "eligible", "shares", "says"),
    [
        ("sms", ["none", "email"], None, "email, none without sms"),
        ("email", ["email"], None, "email without none"),
        ("none", [], None, "none without none"),
        ("none", ["none"], {"sms": 1.0}, "none without sms"),
        ("none", ["none"], {"none": 0.0}, "best_shares: expected shares of 0 or more"),
        ("none", ["none", "sms"], {"none": 2.0, "sms": -1.0}, "best_shares"),
    ],
)
def test_what_is_not_eligible_cannot_be_recommended(
    recommended: str, eligible: list[str], shares: dict | None, says: str
) -> None:
    settings = DecisionSection(method="epsilon" if shares is None else "thompson")
    with pytest.raises(InputError, match=says):
        draw_arm(recommended, eligible, settings, 0.5, shares)


@given(st.lists(KEYS, max_size=4), st.lists(KEYS, max_size=4))
def test_positions_of_different_texts_differ(one: list[str], other: list[str]) -> None:
    assert (draw_position(*one) == draw_position(*other)) == (one == other)


def test_positions_are_spread_evenly_and_policies_do_not_share_them() -> None:
    ids = [f"c-{n}" for n in range(20_000)]
    points = {
        version: np.array([draw_position(version, i, "autumn") for i in ids]) for version in "12"
    }
    counts, _ = np.histogram(points["1"], bins=20, range=(0, 1))
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-squared of 19, one in a thousand
    assert abs(np.corrcoef(points["1"], points["2"])[0, 1]) < 0.03
    assert 0 <= min(points["1"]) and max(points["1"]) < 1
