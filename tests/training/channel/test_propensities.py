import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from training.channel.policy_value import LoggedDecisions
from training.channel.propensities import estimate_propensities, hidden_odds_that_reverse_lead


def test_propensities_that_depend_on_what_is_seen_are_found() -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    seen = rng.normal(size=n)
    chance = expit(seen)
    sms = rng.random(n) < chance
    rows = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "channel": np.where(sms, "sms", "none"),
            "seen": np.where(rng.random(n) < 0.05, np.nan, seen),
        }
    )
    found = estimate_propensities(rows, ["seen"], 2, seed=0)
    true = np.where(sms, chance, 1 - chance)
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert found.min() >= 0.01
    assert np.average(1 / found) == pytest.approx(2, abs=0.1)


def _decisions(rates: tuple[float, float], n: int = 20_000) -> LoggedDecisions:
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, n)
    return LoggedDecisions(
        customer=np.arange(n),
        arm=arm,
        propensity=np.full(n, 0.5),
        outcome=(rng.random(n) < np.array(rates)[arm]).astype(float),
        model=np.zeros((n, 2)),
    )


def test_a_larger_lead_bears_more_hidden_reasons() -> None:
    small, large = (
        hidden_odds_that_reverse_lead(_decisions((rate, 0.05)), 0, 1) for rate in (0.06, 0.20)
    )
    assert 1 < small < large
    assert hidden_odds_that_reverse_lead(_decisions((0.05, 0.2)), 0, 1) == 1.0


def test_the_odds_found_are_those_that_can_flip_the_sign() -> None:
    """A hidden trait as strong as that, in the worst way, brings the lead to nothing."""
    decisions = _decisions((0.10, 0.05))
    odds = hidden_odds_that_reverse_lead(decisions, 0, 1)

    def rate(arm: int, factor: float) -> float:
        sent = decisions.arm == arm
        buys = decisions.outcome[sent] == 1
        weight = 1 + np.where(buys, factor, 1 / factor)  # odds of 1 either way, at 1 / 2
        return float(weight @ buys / weight.sum())

    assert rate(0, 1 / odds) == pytest.approx(rate(1, odds), abs=1e-6)
