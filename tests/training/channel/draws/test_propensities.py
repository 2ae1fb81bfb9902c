import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.channel.channel_fit import cluster_folds
from models.channel.draws import CLUSTER
from training.channel.draws.propensities import estimate_propensities, hidden_odds_that_reverse_lead
from training.channel.logged_decisions import LoggedDecisions


def test_propensities_that_depend_on_what_is_seen_are_found() -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    seen = rng.normal(size=n)
    chance = expit(seen)
    sms = rng.random(n) < chance
    rows = pd.DataFrame(
        {
            CLUSTER: np.arange(n).astype(str),
            "channel": np.where(sms, "sms", "none"),
            "seen": np.where(rng.random(n) < 0.05, np.nan, seen),
        }
    )
    found = estimate_propensities(rows, ["seen"], 2, seed=0)
    true = np.where(sms, chance, 1 - chance)
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert found.min() >= 0.01
    assert np.average(1 / found) == pytest.approx(2, abs=0.1)


def _rows_of_many_features(n: int, features: int) -> tuple[pd.DataFrame, list[str]]:
    """Draw three channels by two features among many heavy-tailed and constant ones."""
    rng = np.random.default_rng(2)
    names = [f"f{i}" for i in range(features)]
    rows = pd.DataFrame(rng.standard_t(3, size=(n, features)), columns=names)
    rows["f5"], rows["f6"] = 0.0, np.nan
    scores = np.column_stack([np.zeros(n), rows["f0"], rows["f1"] - 1]).clip(-2, 2)
    noise = rng.gumbel(size=(n, 3))
    channel = np.array(["email", "none", "sms"])[(scores + noise).argmax(axis=1)]
    return rows.assign(**{CLUSTER: (np.arange(n) // 2).astype(str)}, channel=channel), names


def test_estimated_chances_lose_nothing_against_all_features_as_they_are() -> None:
    rows, names = _rows_of_many_features(4000, 230)
    found = estimate_propensities(rows, names, 5, seed=0)
    assert -np.log(found).mean() <= 1.01 * _log_loss_of_all_features(rows, names)


def _log_loss_of_all_features(rows: pd.DataFrame, names: list[str]) -> float:
    """Fit a logistic regression to every feature, by the same folds."""
    fold = cluster_folds(rows[CLUSTER], 5, 0)
    inputs, losses = rows[names].fillna(0.0), []
    for part in range(5):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        with threadpool_limits(limits=1):
            model.fit(inputs[fold != part], rows["channel"][fold != part])
        chances = model.predict_proba(inputs[fold == part])
        sent = pd.Index(model.classes_).get_indexer(pd.Index(rows["channel"][fold == part]))
        losses.extend(-np.log(np.clip(chances[np.arange(len(sent)), sent], 0.01, 1.0)))
    return float(np.mean(losses))


@pytest.mark.parametrize("channel", ["email", "none", "sms"])
def test_the_mean_chance_of_a_channel_is_its_share(channel: str) -> None:
    rows, names = _rows_of_many_features(4000, 230)
    others = rows["channel"].where(rows["channel"] == channel, "other")
    found = estimate_propensities(rows.assign(channel=others), names, 5, seed=0)
    chance = np.where(others == channel, found, 1 - found)
    assert chance.mean() == pytest.approx((others == channel).mean(), abs=0.01)


def test_chances_are_estimated_in_seconds_whatever_threads_there_are() -> None:
    """Threads that wait for each other in every step would take a hundred seconds."""
    rows, names = _rows_of_many_features(4000, 230)
    began = time.process_time()
    estimate_propensities(rows, names, 5, seed=0)
    assert time.process_time() - began < 10


def test_a_log_of_one_channel_has_the_chance_one() -> None:
    rows = _rows_of_many_features(100, 8)[0].assign(channel="email")
    assert set(estimate_propensities(rows, ["f0", "f6"], 2, seed=0)) == {1.0}


def _decisions(rates: tuple[float, float], n: int = 20_000) -> LoggedDecisions:
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, n)
    return LoggedDecisions(
        cluster=np.arange(n),
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
