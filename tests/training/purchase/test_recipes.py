"""Losses that a search of settings minimises."""

import numpy as np
import pandas as pd
import pytest

from models.crps import crps
from models.purchase.slices import Slices
from training.metrics.probabilities import mean_log_loss
from training.purchase.recipes import CHURN, TIMING
from training.purchase.study import Origin


class _FixedChurn:
    """Predicts the churn probability that the population names."""

    def predict(self, population: pd.DataFrame) -> np.ndarray:
        return population["p_churn"].to_numpy()


class _FixedTiming:
    """Predicts the same law for everybody, and records whom it was asked about."""

    def __init__(self) -> None:
        self.customers: list[str] = []

    def given_return(self, population: pd.DataFrame) -> np.ndarray:
        self.customers = population["customer_id"].tolist()
        return np.tile([0.0, 0.5, 1.0], (len(population), 1))


@pytest.fixture
def origin() -> Origin:
    population = pd.DataFrame({"customer_id": ["a", "b", "c"], "p_churn": [0.1, 0.5, 0.8]})
    labels = pd.DataFrame({"returned": [True, False, True], "days_to_next": [1, 0, 2]})
    slices = Slices(0, 2, population, labels, population, {})
    return Origin("valid", slices, population, labels)


def test_churn_is_searched_by_the_log_loss_of_a_return(origin: Origin) -> None:
    expected = mean_log_loss(np.array([True, False, True]), np.array([0.9, 0.5, 0.2]))
    assert CHURN.loss(_FixedChurn(), origin) == pytest.approx(expected)
    assert CHURN.metric == "log_loss"


def test_timing_is_searched_by_the_crps_of_those_who_returned(origin: Origin) -> None:
    model = _FixedTiming()
    law = np.tile([0.0, 0.5, 1.0], (2, 1))
    assert TIMING.loss(model, origin) == pytest.approx(crps(np.array([1, 2]), law))
    assert model.customers == ["a", "c"]
    assert TIMING.metric == "crps"
