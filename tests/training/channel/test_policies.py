"""The policies that a study compares."""

import numpy as np
import pandas as pd
import pytest

from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from tests.training.drawn_messages import ARMS, allow_all, draw_messages, fit_traits
from training.channel.policies import (
    NONE,
    OPEN_RATE,
    UNIFORM,
    ClusterFolds,
    CrossFittedPredictions,
    arms_of,
    cross_fit,
    make_policies,
)


def test_each_customer_is_judged_by_models_that_have_not_seen_them() -> None:
    rows = draw_messages(3000)
    seen: list[set[str]] = []

    def fit(part: pd.DataFrame) -> ChannelModel:
        seen.append(set(part["customer_id"]))
        return fit_traits(part)

    cross_fit(rows, fit, allow_all(rows), MessageValue(), folds=ClusterFolds(3))
    everybody = set(rows["customer_id"])
    left_out = [everybody - part for part in seen]
    assert sum(len(part) for part in left_out) == len(everybody)
    assert set.union(*left_out) == everybody


def test_an_arm_that_is_not_eligible_is_never_chosen() -> None:
    rows = draw_messages(3000)
    options = allow_all(rows)
    options.eligible[::2, 0] = False
    unseen = cross_fit(rows, fit_traits, options, MessageValue(), folds=ClusterFolds(2))
    for policy in make_policies(rows, unseen, options).values():
        assert policy.sum(axis=1) == pytest.approx(1)
        assert policy[::2, 0].max() == 0


def test_the_best_arm_in_hindsight_is_one_and_the_same_for_all_folds() -> None:
    rows = draw_messages(2500, slope=0.0)  # so alike that folds differ in what they hold best
    options = allow_all(rows)
    options.eligible[::2, 0] = False
    found = [
        cross_fit(rows, fit_traits, options, MessageValue(), folds=ClusterFolds(5, seed))
        for seed in range(4)
    ]
    assert any(len(set(unseen.fixed[1::2])) > 1 for unseen in found)
    for unseen in found:
        assert len(set(unseen.fixed_in_hindsight[1::2])) == 1
        assert len(set(unseen.fixed_in_hindsight[::2])) == 1
        assert 0 not in unseen.fixed_in_hindsight[::2]


def test_the_open_rate_rule_takes_the_channel_that_is_opened_most() -> None:
    rows = draw_messages(4).assign(email_open_rate_182d=[0.9, 0.1, np.nan, 0.9], channel="none")
    rows["sms_open_rate_182d"] = [0.5, 0.5, np.nan, 0.5]
    options = allow_all(rows)
    options.eligible[3, [0, 2]] = False
    places = np.zeros(4, dtype=int)
    unseen = CrossFittedPredictions(ARMS, np.zeros((4, 3)), np.zeros(4), *[places] * 3)
    chosen = make_policies(rows, unseen, options)[OPEN_RATE].argmax(axis=1)
    assert [ARMS[c] for c in chosen] == ["email", "sms", "none", "none"]


def test_where_nobody_was_logged_without_a_message_that_is_recommended_but_not_valued() -> None:
    rows = draw_messages(3000, drawn=0.0)
    rows = rows[rows["channel"] != "none"].reset_index(drop=True)
    assert arms_of(rows) == ARMS
    options = allow_all(rows)
    unseen = cross_fit(
        rows, fit_traits, options, MessageValue(), ["none", "email"], folds=ClusterFolds(2)
    )
    assert {ARMS[column] for column in unseen.chosen} == {"none"}
    assert (0 < unseen.p).all()
    policies = make_policies(rows, unseen, options)
    assert set(policies[NONE][:, options.none]) == {1.0}  # the study says that it is not known
    assert policies[UNIFORM] == pytest.approx(np.tile([0.5, 0.0, 0.5], (len(rows), 1)))
