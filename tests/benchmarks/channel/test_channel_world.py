"""The world in which channels are compared: its numbers are those that the goals were set for."""

import numpy as np
import pytest

from benchmarks.channel.channel_world import ARMS, draw_world, open_rate_rule


@pytest.mark.parametrize("steps", [False, True])
def test_the_oracle_is_worth_15_percent_over_the_best_fixed_arm(steps: bool) -> None:
    for seed in range(3):
        world = draw_world(seed, steps=steps)
        assert len(world.arm) == 60_000
        assert 0.04 < world.fixed.min() < world.fixed.max() < 0.07
        assert world.gain(world.chance.argmax(axis=1)) == pytest.approx(15, abs=1)


@pytest.mark.parametrize("steps", [False, True])
def test_the_log_says_email_and_the_truth_says_sms(steps: bool) -> None:
    world = draw_world(0, steps=steps)
    raw = [world.bought[world.arm == place].mean() for place in range(len(ARMS))]
    assert ARMS[int(np.argmax(raw))] == "email"
    assert ARMS[int(world.fixed.argmax())] == "sms"
    assert world.gain(np.ones(len(world.arm), dtype=int)) < -5


def test_a_crossed_rule_makes_clicks_on_email_speak_against_it() -> None:
    slopes = []
    for crossed in (False, True):
        world = draw_world(0, random_share=0.0, crossed=crossed)
        sent = world.arm == ARMS.index("email")
        clicks = world.traits["email_click_rate"][sent]
        slopes.append(np.corrcoef(clicks, world.bought[sent])[0, 1])
        assert world.gain(world.chance.argmax(axis=1)) == pytest.approx(15, abs=1)
    assert slopes[0] > 0.02
    assert slopes[1] < -0.02


def test_the_randomised_share_is_even_and_tells_the_truth() -> None:
    world = draw_world(1, sends=400_000, random_share=0.5)
    drawn = world.arm[world.randomised]
    assert np.bincount(drawn) / len(drawn) == pytest.approx(np.full(4, 0.25), abs=0.005)
    rates = [world.bought[world.randomised & (world.arm == place)].mean() for place in range(4)]
    assert rates == pytest.approx(world.fixed, abs=0.004)


def test_opens_tell_a_part_of_what_makes_people_buy() -> None:
    """Whoever opens a channel's messages likes it a little more: the rule is no straw man."""
    world = draw_world(0)
    assert -5 < world.gain(open_rate_rule(world)) < 8


def test_the_same_seed_is_the_same_world() -> None:
    one, other = draw_world(5), draw_world(5)
    np.testing.assert_array_equal(one.bought, other.bought)
    assert not np.array_equal(one.bought, draw_world(6).bought)
