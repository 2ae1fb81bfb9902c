"""What is claimed of an estimated gain."""

import pytest

from training.channel.gain_verdicts import BETTER, CONFOUNDED, gain_verdict
from training.channel.mean_estimates import Estimate
from training.channel.policy_value import PolicyValue


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((1.0, 1.0), BETTER),
        ((0.91, 1.0), BETTER),
        ((0.89, 1.0), "not distinguishable: 89 % of it was drawn"),
        ((1.0, 0.6), "not distinguishable: 60 % of best fixed was drawn"),
        ((0.3, 1.0), "not known: 30 % of it was drawn"),
        ((0.0, 0.0), "not known: none of its arms was drawn"),
        ((1.0, 0.0), "not known: nor is best fixed"),
    ],
)
def test_a_gain_is_claimed_only_of_what_was_drawn(
    shares: tuple[float, float], verdict: str
) -> None:
    gain = Estimate(0.02, 0.005, 0.01, 0.03)
    ours, fixed = (PolicyValue(gain, gain, gain, 5000.0, 0.001, share) for share in shares)
    assert gain_verdict(gain, gain, ours, fixed, estimated=False) == verdict
    confounded = gain_verdict(gain, gain, ours, fixed, estimated=True)
    assert confounded == (CONFOUNDED if min(shares) >= 0.5 else verdict.replace("drawn", "sent"))


@pytest.mark.parametrize("low", [0.0, -0.01, float("nan")])
def test_what_one_channel_may_do_in_hindsight_is_not_called_better(low: float) -> None:
    gain, smaller = Estimate(0.02, 0.005, 0.01, 0.03), Estimate(0.01, 0.01, low, 0.03)
    policy = PolicyValue(gain, gain, gain, 5000.0, 0.001, 1.0)
    verdict = gain_verdict(gain, smaller, policy, policy, estimated=False)
    assert verdict == "not distinguishable: one channel for all may do as well"
    worse = Estimate(-0.02, 0.005, -0.03, -0.01)
    assert gain_verdict(worse, smaller, policy, policy, estimated=False) == "worse"
