"""Tests of the folds with which the channel model is fitted."""

import numpy as np
import pandas as pd

from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import cluster_folds, fit_channel
from models.channel.draws import add_chances
from models.channel.effects.trait_choice import choose_traits


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
    arms = ["email", "none", "sms"]
    rows = add_chances(rows, arms, np.ones((len(rows), len(arms)), dtype=bool))
    traits = choose_traits(rows, arms, [])
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


def test_all_rows_of_a_cluster_are_in_one_fold() -> None:
    cluster = pd.Series(list("abcabcabc"))
    fold = cluster_folds(cluster, 3, seed=0)
    assert sorted(set(fold)) == [0, 1, 2]
    assert (fold[:3] == fold[3:6]).all()
