"""What is timed in the benchmark of an answer is what the service asks the models."""

import numpy as np
import pytest

from benchmarks.serving.answer_cost import answer, as_columns, largest_difference
from features.builds.feature_build import build_features
from serving.answers.predictor import load_predictor


def test_the_timed_answer_is_the_served_one(simulated) -> None:
    champions = simulated.champions
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog).iloc[:40]
    forecast = answer(champions.churn, champions.timing, as_columns(frame[_numbers(frame)]))
    served = load_predictor(simulated.shop, 48, 24).predict(
        list(frame["customer_id"]), simulated.cutoff
    )
    compared = 0
    for place, told in enumerate(served.answers):
        if told.status == "ok":
            assert told.churn.p_churn == pytest.approx(forecast.p_churn[place], rel=1e-9)
            compared += 1
    assert compared > 20


def test_a_customer_alone_is_answered_as_in_a_batch(simulated) -> None:
    champions = simulated.champions
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    population = frame[_numbers(frame)]
    assert largest_difference(champions.churn, champions.timing, population) <= 1e-12
    assert len(population) > 1000


def _numbers(frame) -> list[str]:
    return [name for name in frame if frame[name].dtype == np.float64]
