"""Policies that are compared, and the study of them, in a world whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.boosters.booster import BoosterSettings
from models.channel.fit import fit_channel
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, ChannelTraits
from models.channel.traits import Trait
from training.channel.policies import (
    BEST_FIXED,
    NONE,
    OPEN_RATE,
    UNIFORM,
    CrossFittedPredictions,
    CustomerFolds,
    cross_fit,
    make_policies,
)
from training.channel.study import BETTER, CONFOUNDED, LOGGED, PolicyStudy, study_policies
from training.metrics.probabilities import OURS
from training.report.policy_report import make_policy_report
from training.report.report import ReportCurrency

ARMS = ["email", "none", "sms"]
TRAITS = ChannelTraits([], {a: [Trait(f"{a}_click_rate_182d", "logit")] for a in ("email", "sms")})
SETTINGS = BoosterSettings(rounds=20)


def _messages(n: int, drawn: float = 1.0, slope: float = 1.5, seed: int = 0) -> pd.DataFrame:
    """Half of the customers answer e-mail, half text messages; a rule sends e-mail to the keen."""
    rng = np.random.default_rng(seed)
    liking, keen = rng.normal(size=n), rng.normal(size=n)
    at_random = rng.random(n) < drawn
    arm = np.where(at_random, rng.integers(0, 3, n), np.where(keen > 0, 0, 2))
    effect = np.column_stack([0.3 + slope * liking, np.zeros(n), 0.35 - slope * liking])
    bought = rng.random(n) < expit(-2.0 + 0.7 * keen + effect[np.arange(n), arm])
    return pd.DataFrame(
        {
            "customer_id": (np.arange(n) // 2).astype(str),
            "channel": np.array(ARMS)[arm],
            "randomised": at_random,
            "propensity": np.where(at_random, 1 / 3, np.nan),
            "bought": bought,
            "spend": np.where(bought, 5000.0, 0.0),
            "frequency": rng.poisson(2, n).astype(float),
            "email_click_rate_182d": expit(-2 + liking),
            "sms_click_rate_182d": expit(-2 - liking),
            "email_open_rate_182d": rng.random(n),
            "sms_open_rate_182d": 0.5,
        }
    )


def _fit(rows: pd.DataFrame) -> ChannelModel:
    return fit_channel(rows, 7, ["frequency"], TRAITS, SETTINGS, seed=1)


def _everybody(rows: pd.DataFrame) -> np.ndarray:
    return np.ones((len(rows), len(ARMS)), dtype=bool)


def _study(rows: pd.DataFrame, worth: MessageValue | None = None) -> PolicyStudy:
    reasons = ["frequency", "email_click_rate_182d"]
    eligible, worth = _everybody(rows), worth or MessageValue()
    unseen = cross_fit(rows, _fit, eligible, worth, folds=CustomerFolds(2))
    return study_policies(rows, unseen, eligible, worth, reasons=reasons, folds=CustomerFolds(2))


@pytest.fixture(scope="module")
def study() -> PolicyStudy:
    return _study(_messages(15_000))


def test_each_customer_is_judged_by_models_that_have_not_seen_them() -> None:
    rows = _messages(3000)
    seen: list[set[str]] = []

    def fit(part: pd.DataFrame) -> ChannelModel:
        seen.append(set(part["customer_id"]))
        return _fit(part)

    cross_fit(rows, fit, _everybody(rows), MessageValue(), folds=CustomerFolds(3))
    everybody = set(rows["customer_id"])
    left_out = [everybody - part for part in seen]
    assert sum(len(part) for part in left_out) == len(everybody)
    assert set.union(*left_out) == everybody


def test_an_arm_that_is_not_eligible_is_never_chosen() -> None:
    rows = _messages(3000)
    eligible = _everybody(rows)
    eligible[::2, 0] = False
    unseen = cross_fit(rows, _fit, eligible, MessageValue(), folds=CustomerFolds(2))
    for policy in make_policies(rows, unseen, eligible).values():
        assert policy.sum(axis=1) == pytest.approx(1)
        assert policy[::2, 0].max() == 0


def test_the_open_rate_rule_takes_the_channel_that_is_opened_most() -> None:
    rows = _messages(4).assign(email_open_rate_182d=[0.9, 0.1, np.nan, 0.9])
    rows["sms_open_rate_182d"] = [0.5, 0.5, np.nan, 0.5]
    eligible = _everybody(rows)
    eligible[3, [0, 2]] = False
    places = np.zeros(4, dtype=int)
    unseen = CrossFittedPredictions(ARMS, np.zeros((4, 3)), np.zeros(4), places, places)
    chosen = make_policies(rows, unseen, eligible)[OPEN_RATE].argmax(axis=1)
    assert [ARMS[c] for c in chosen] == ["email", "sms", "none", "none"]


def test_choosing_by_customer_is_found_to_be_better(study: PolicyStudy) -> None:
    gain = study.gains.set_index("policy").loc[OURS]
    assert gain["verdict"] == BETTER
    assert gain["low"] > 0
    assert set(study.gains["policy"]) == {OURS, UNIFORM, OPEN_RATE, NONE}
    assert not study.estimated
    assert study.judged == study.sends == 15_000


def test_values_are_near_the_truth(study: PolicyStudy) -> None:
    """Uniform is what was drawn: its value is the mean of the log."""
    by = study.values.set_index(["policy", "estimator"])["value"]
    logged = by[LOGGED, "mean"]
    for kind in ("dr", "snips", "dros"):
        assert by[UNIFORM, kind] == pytest.approx(logged, abs=0.002)
    assert by[OURS, "dr"] > by[BEST_FIXED, "dr"] > by[NONE, "dr"]


def test_nothing_is_claimed_of_customers_who_are_all_alike() -> None:
    better = [
        _study(_messages(6000, slope=0.0, seed=seed)).gains.set_index("policy").loc[OURS, "verdict"]
        for seed in range(5)
    ]
    assert BETTER not in better


def test_few_decisions_allow_no_claim_whatever_their_interval() -> None:
    gains = _study(_messages(2000)).gains
    assert gains["verdict"].str.startswith("not distinguishable").all()


def test_costs_change_what_is_earned_and_what_is_chosen() -> None:
    """A text dearer than any purchase is worth is not sent."""
    rows = _messages(6000)
    study = _study(rows, MessageValue(margin=0.2, cost={"sms": 1500.0}))
    margins = study.margins.set_index("policy")
    assert margins.loc[UNIFORM, "high"] < -400  # a third of the messages are texts
    assert margins.loc[OURS, "low"] > -100


def test_uplift_by_segment_is_that_of_the_draws(study: PolicyStudy) -> None:
    assert set(study.segments["segment"]) == {"0", "1-2", "3-9"}
    normal = np.random.default_rng(0).normal(size=200_000)
    none, sent = expit(-2.0 + 0.7 * normal), expit(-1.675 + np.hypot(0.7, 1.5) * normal)
    true = sent.mean() - none.mean()
    inside = (study.segments["low"] < true) & (true < study.segments["high"])
    assert inside.mean() > 0.8
    assert study.segments["sends"].sum() == pytest.approx(15_000 * 2 / 3, rel=0.05)


def test_chances_are_calibrated_by_arm(study: PolicyStudy) -> None:
    rows = study.calibration
    held = (rows["low"] <= rows["predicted"]) & (rows["predicted"] <= rows["high"])
    assert set(rows["arm"]) == set(ARMS)
    assert held.mean() >= 0.7


@pytest.fixture(scope="module")
def confounded() -> PolicyStudy:
    rows = _messages(12_000, drawn=0.0)
    some = np.arange(len(rows)) % 5 == 0  # nobody drew these either: a rule without a reason
    rows.loc[some, "channel"] = "none"
    return _study(rows)


def test_without_draws_the_values_are_called_confounded(confounded: PolicyStudy) -> None:
    assert confounded.estimated
    assert set(confounded.gains["verdict"]) == {CONFOUNDED}
    assert not len(confounded.segments)
    assert confounded.hidden_odds is not None
    assert confounded.hidden_odds >= 1


def test_the_report_says_what_was_found(study: PolicyStudy, confounded: PolicyStudy) -> None:
    money = ReportCurrency("EUR", 2)
    attributed = pd.DataFrame(
        {"channel": ["email"], "messages": [9], "orders": [2], "amount": [300.0]}
    )
    clear = make_policy_report(study, attributed, 7, money)
    assert any("15,000 of 15,000 decisions" in s for s in clear.summary)
    parts = ["values", "gains", "uplift", "calibration", "attributed"]
    assert [s.name for s in clear.sections] == parts
    unclear = make_policy_report(confounded, attributed, 7, money)
    assert unclear.summary[0].startswith("Confounded")
    assert [s.name for s in unclear.sections] == [p for p in parts if p != "uplift"]
    words = " ".join([*unclear.summary, *(s.look_for for s in unclear.sections)])
    assert "because" not in words
