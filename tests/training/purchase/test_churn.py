"""The churn job: scores of the chance to buy again."""

import mlflow
import numpy as np
import pandas as pd
import pytest

from models.purchase.slices import Slices
from training.metrics.probabilities import score_probability
from training.purchase.churn import CHURN_JOB
from training.purchase.study import Origin


class _FixedChurn:
    """Predicts the churn probability that the rows name."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return rows["p"].to_numpy()


ROWS = pd.DataFrame({"p": [0.1, 0.9, 0.4, 0.6], "frequency": [0, 0, 2, 2]})


def test_a_return_is_scored_by_its_own_chance_overall_and_by_frequency(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = pd.DataFrame({"returned": [True, False, True, False]})
    logged: dict[str, float] = {}
    monkeypatch.setattr(mlflow, "log_metrics", logged.update)
    origin = Origin("holdout", Slices(0, 90, ROWS, labels, ROWS, {}), ROWS, labels)
    CHURN_JOB.log_scores(_FixedChurn(), origin)
    overall = score_probability(np.array([True, False, True, False]), 1 - ROWS["p"].to_numpy())
    assert logged["holdout.brier"] == pytest.approx(overall["brier"])
    assert logged["holdout.auc"] == 1.0
    assert logged["holdout.frequency_0.brier"] == pytest.approx(0.01)
    assert logged["holdout.frequency_1-2.brier"] == pytest.approx(0.16)


def test_the_job_predicts_the_probability_of_churn() -> None:
    assert CHURN_JOB.predict(_FixedChurn(), ROWS)["p_churn"].tolist() == ROWS["p"].tolist()
