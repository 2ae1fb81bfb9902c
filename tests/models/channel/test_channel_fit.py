"""Tests of the traits and folds with which the channel model is fitted."""

import numpy as np
import pandas as pd

from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import channel_traits, customer_folds, fit_channel


def test_traits_are_of_the_features_that_a_shop_has() -> None:
    traits = channel_traits(["email", "none"], {"frequency", "days_since_last"})
    assert [t.column for t in traits.shared] == ["frequency", "days_since_last"]
    assert traits.own == {"email": []}


def test_a_trait_that_one_channel_lacks_is_left_out_for_all() -> None:
    given = {"email_click_rate_182d", "email_sent_count_28d", "sms_sent_count_28d"}
    traits = channel_traits(["email", "none", "sms"], given)
    assert {channel: [t.column for t in own] for channel, own in traits.own.items()} == {
        "email": ["email_sent_count_28d"],
        "sms": ["sms_sent_count_28d"],
    }


def test_without_any_trait_of_a_channel_a_model_is_fitted_and_read() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(900)],
            "channel": np.resize(["email", "sms", "none"], 900),
            "frequency": np.arange(900.0) % 7,
            "bought": np.resize([True, False, False, False, False], 900),
            "spend": 100.0,
            "randomised": True,
            "propensity": 1 / 3,
        }
    )
    traits = channel_traits(["email", "none", "sms"], {"frequency"})
    model = fit_channel(rows, 7, ["frequency"], traits, BoosterSettings(rounds=2), seed=0)
    reading = model.compute_predictions({"frequency": np.array([0.0, 6.0])})
    assert model.level == "exploring"
    assert {arm: p.shape for arm, p in reading.p.items()} == dict.fromkeys(
        ("email", "none", "sms"), (2,)
    )
    assert all((0 < p).all() and (p < 1).all() for p in reading.p.values())
    assert {
        arm: drawn.shape[1] for arm, drawn in reading.draw_posterior().items()
    } == dict.fromkeys(("email", "none", "sms"), 2)


def test_all_rows_of_a_customer_are_in_one_fold() -> None:
    customer = pd.Series(list("abcabcabc"))
    fold = customer_folds(customer, 3, seed=0)
    assert sorted(set(fold)) == [0, 1, 2]
    assert (fold[:3] == fold[3:6]).all()
