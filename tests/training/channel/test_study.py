"""Policies that are compared, and the study of them, in a world whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.channel.draws import CLUSTER
from models.channel.message_value import MessageValue
from tests.training.drawn_messages import ARMS, draw_messages, study_of
from training.channel.gain_verdicts import BETTER, CONFOUNDED
from training.channel.policies import (
    BEST_FIXED,
    NONE,
    OPEN_RATE,
    UNIFORM,
)
from training.channel.study import (
    ESTIMATORS,
    LOGGED,
    PolicyStudy,
)
from training.metrics.probabilities import OURS


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
        study_of(draw_messages(6000, slope=0.0, seed=seed))
        .gains.set_index("policy")
        .loc[OURS, "verdict"]
        for seed in range(5)
    ]
    assert BETTER not in better


def test_few_decisions_allow_no_claim_whatever_their_interval() -> None:
    gains = study_of(draw_messages(2000)).gains
    assert gains["verdict"].str.startswith("not distinguishable").all()


def test_costs_change_what_is_earned_and_what_is_chosen() -> None:
    """A text dearer than any purchase is worth is not sent."""
    rows = draw_messages(6000)
    study = study_of(rows, MessageValue(margin=0.2, cost={"sms": 1500.0}))
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


def test_intervals_count_clusters_and_not_their_customers() -> None:
    """Of each household both members do the same: they tell no more than one of them would."""
    alone = draw_messages(3000)
    other = alone.assign(customer_id=alone["customer_id"] + " too")  # with the cluster of the first
    both = pd.concat([alone, other], ignore_index=True)
    widths = [_width_of_value(study_of(rows)) for rows in (alone, both)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    as_strangers = study_of(both.assign(**{CLUSTER: both["customer_id"]}))
    assert _width_of_value(as_strangers) < 0.8 * widths[0]


def _width_of_value(study: PolicyStudy) -> float:
    of_ours = study.values[study.values["policy"] == OURS].set_index("estimator").loc["dr"]
    return float(of_ours["high"] - of_ours["low"])


def test_chances_are_calibrated_by_arm(study: PolicyStudy) -> None:
    rows = study.calibration
    held = (rows["low"] <= rows["predicted"]) & (rows["predicted"] <= rows["high"])
    assert set(rows["arm"]) == set(ARMS)
    assert held.mean() >= 0.7


def test_without_draws_the_values_are_called_confounded(confounded: PolicyStudy) -> None:
    assert confounded.estimated
    assert set(confounded.gains["verdict"]) == {CONFOUNDED}
    assert not len(confounded.segments)
    assert confounded.hidden_odds is not None
    assert confounded.hidden_odds >= 1


def test_a_policy_that_was_never_drawn_is_a_row_that_says_so(unknown: PolicyStudy) -> None:
    gain = unknown.gains.set_index("policy").loc[NONE]
    assert gain["verdict"] == "not known: none of its arms was drawn"
    figures = ["gain", "low", "high"]
    assert gain[figures].isna().all()
    assert unknown.margins.set_index("policy").loc[NONE, figures].isna().all()
    of_none = unknown.values[unknown.values["policy"] == NONE]
    assert set(of_none["estimator"]) == set(ESTIMATORS)
    assert of_none[["value", "low", "high"]].isna().all(axis=None)
    assert set(of_none["drawn_share"]) == {0.0}
    others = unknown.gains[unknown.gains["policy"] != NONE]
    assert others[figures].notna().all(axis=None)


def test_no_hidden_reason_is_sought_for_a_lead_that_is_not_known() -> None:
    rows = draw_messages(4000, drawn=0.0)
    study = study_of(rows)
    assert study.estimated
    assert study.hidden_odds is None
    verdict = study.gains.set_index("policy").loc[NONE, "verdict"]
    assert verdict == "not known: none of its arms was sent"
