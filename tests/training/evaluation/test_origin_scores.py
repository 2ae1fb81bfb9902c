"""Our losses beside every rival's, by origin."""

from dataclasses import replace

import numpy as np
import pytest

from training.evaluation.evaluation import Evaluation
from training.evaluation.origin_scores import ALL_ORIGINS, compare_losses, score_origins
from training.metrics.probabilities import OURS


def test_differences_are_by_origin_and_of_all_origins(evaluation: Evaluation) -> None:
    table = compare_losses(evaluation, draws=200)
    assert table["origin"].unique().tolist() == ["2025-01-31", "2025-04-01", ALL_ORIGINS]
    assert set(table["loss"]) == {"CRPS", "log-loss"}
    crps = table[(table["loss"] == "CRPS")].set_index(["origin", "rival"])
    assert crps.loc[("2025-04-01", "wrong"), "distinguishable"]
    assert crps.loc[("2025-04-01", "wrong"), "high"] < 0
    scores = score_origins(evaluation).set_index(["origin", "model"])["crps"]["2025-04-01"]
    expected = 100 * (scores[OURS] / scores["blunt"] - 1)
    assert crps.loc[("2025-04-01", "blunt"), "percent"] == pytest.approx(expected)


def test_a_rival_that_says_the_same_is_not_distinguishable(evaluation: Evaluation) -> None:
    judged = evaluation.test
    ours = judged.laws[OURS]
    noise = np.random.default_rng(0).choice([0.98, 1.02], size=(len(ours), 1))
    alike = replace(judged, laws={OURS: ours, "alike": np.minimum(ours * noise, 1)})
    table = compare_losses(Evaluation([alike]), draws=200)
    assert set(table["origin"]) == {"2025-04-01"}
    assert not table[table["loss"] == "CRPS"]["distinguishable"].any()
