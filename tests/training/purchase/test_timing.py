"""The timing job: scores of the law given a return, on those who returned."""

import mlflow
import numpy as np
import pandas as pd
import pytest

from models.crps import crps_by_customer
from models.purchase.slices import Slices
from training.purchase.study import Origin
from training.purchase.timing import TIMING_JOB

LAW = np.linspace(0, 1, 11)  # every day of 1..10 is as likely


class _EvenTiming:
    """Predicts that every day within ten is as likely."""

    def given_return(self, population: pd.DataFrame) -> np.ndarray:
        return np.tile(LAW, (len(population), 1))


def _origin(days: list[int], frequency: list[int]) -> Origin:
    population = pd.DataFrame({"frequency": frequency})
    labels = pd.DataFrame({"days_to_next": days})
    labels["returned"] = labels["days_to_next"] > 0
    return Origin("valid", Slices(0, 10, population, labels, population, {}), population, labels)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Metrics that a job logs."""
    metrics: dict[str, float] = {}
    monkeypatch.setattr(mlflow, "log_metrics", metrics.update)
    return metrics


def test_those_who_returned_are_scored_by_crps_and_central_windows(
    logged: dict[str, float],
) -> None:
    TIMING_JOB.log_scores(_EvenTiming(), _origin([*range(1, 11), 0, 0], [0] * 12))
    days = np.arange(1, 11)
    expected = crps_by_customer(days, np.tile(LAW, (10, 1))).mean()
    assert logged["valid.crps"] == pytest.approx(expected)
    assert logged["valid.in_window_50"] == pytest.approx(0.6)  # days 3 to 8
    assert logged["valid.in_window_80"] == pytest.approx(0.8)


def test_scores_are_logged_by_frequency_of_those_who_returned(logged: dict[str, float]) -> None:
    TIMING_JOB.log_scores(_EvenTiming(), _origin([1, 5, 0], [0, 4, 20]))
    assert {"valid.frequency_0.crps", "valid.frequency_3-9.crps"} <= set(logged)
    assert "valid.frequency_10_up.crps" not in logged


def test_where_nobody_returned_nothing_is_scored(logged: dict[str, float]) -> None:
    TIMING_JOB.log_scores(_EvenTiming(), _origin([0, 0], [0, 1]))
    assert logged == {}


def test_the_job_predicts_a_column_per_day() -> None:
    table = TIMING_JOB.predict(_EvenTiming(), pd.DataFrame({"frequency": [0, 1]}))
    assert table.columns.tolist() == [f"given_return_{h}d" for h in range(11)]
    assert table.iloc[1].tolist() == pytest.approx(LAW.tolist())
