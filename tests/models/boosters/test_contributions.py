"""Exactness: what a score is taken apart into sums to it, for every customer."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.builds.feature_build import build_features
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.boosters.contributions import (
    BASELINE,
    HISTORY,
    booster_contributions,
    offset_contributions,
    sum_contributions,
)
from models.btyd.bg_nbd import BgNbd
from models.purchase.churn import ChurnModel
from models.purchase.timing import TimingModel
from models.purchase.timing_fit import interval_edges

BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)


@pytest.fixture(scope="module")
def customers(simulated) -> pd.DataFrame:
    return build_features(simulated.log, [simulated.cutoff], simulated.catalog)


def _booster() -> tuple[ResidualBooster, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    inputs = {name: rng.normal(size=2000) for name in "abc"}
    inputs["b"][::3] = np.nan
    outcome = rng.random(2000) < 1 / (1 + np.exp(-inputs["a"]))
    settings = BoosterSettings(rounds=30)
    target = BoosterTarget(outcome, np.zeros(2000))
    return ResidualBooster.fit(inputs, "abc", target, settings, seed=1), inputs


def test_a_boosters_contributions_sum_to_its_correction() -> None:
    booster, inputs = _booster()
    values = booster.contributions(inputs)
    assert values.shape == (2000, 4)
    np.testing.assert_allclose(values.sum(axis=1), booster.correction(inputs), rtol=0, atol=1e-9)
    weights = np.abs(values[:, :3]).mean(axis=0)
    assert weights[0] > 5 * weights[1:].max()  # the outcome hangs on a alone


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_boosters_parts_are_one_per_column_and_the_baseline(n: int) -> None:
    booster, inputs = _booster()
    parts = booster_contributions(booster, {name: values[:n] for name, values in inputs.items()})
    assert list(parts) == ["a", "b", "c", BASELINE]
    assert {len(values) for values in parts.values()} == {n}


def test_parts_are_weighted_and_added_by_name() -> None:
    """A stack of any number of boosters on any number of offsets."""
    offset = np.array([0.5, -2.0])
    parts = sum_contributions(
        [
            (1.0, {BASELINE: np.full(2, 0.25)}),
            (0.5, offset_contributions(offset, -1.0)),
            (2.0, {"a": np.array([1.0, 2.0]), BASELINE: np.full(2, 0.1)}),
            (-1.0, {"a": np.array([0.5, 0.5])}),
        ]
    )
    assert parts["a"].tolist() == [1.5, 3.5]
    assert parts[HISTORY].tolist() == [0.75, -0.5]
    np.testing.assert_allclose(parts[BASELINE], 0.25 - 0.5 + 0.2)


def test_contributions_sum_to_every_customers_churn_score(simulated, customers) -> None:
    model = simulated.champions.churn
    parts = model.contributions(customers)
    columns = {*model.residual.columns, *model.direct.columns}
    assert parts.keys() == {BASELINE, HISTORY, *columns}
    total = sum(parts.values())
    np.testing.assert_allclose(total, model.score(customers), rtol=0, atol=1e-9)
    p_churn = np.clip(1 / (1 + np.exp(total)), 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(p_churn, model.predict(customers), rtol=0, atol=1e-9)


def test_contributions_sum_to_every_customers_speed(simulated, customers) -> None:
    model = simulated.champions.timing
    parts = model.contributions(customers)
    assert parts.keys() == {BASELINE, HISTORY, *model.booster.columns} - {"interval"}
    total = sum(parts.values())
    np.testing.assert_allclose(total, model.speed(customers), rtol=0, atol=1e-9)


def test_who_is_faster_by_their_score_is_back_sooner(simulated, customers) -> None:
    model = simulated.champions.timing
    median = (model.given_return(customers) < 0.5).sum(axis=1)
    assert np.corrcoef(median, model.speed(customers))[0, 1] < -0.9


@pytest.mark.parametrize("kind", ["churn", "timing"])
def test_a_customer_alone_has_the_contributions_of_the_batch(
    simulated, customers, kind: str
) -> None:
    model = getattr(simulated.champions, kind)
    together = model.contributions(customers[:30])
    for place in range(30):
        alone = model.contributions(customers[place : place + 1])
        for name, values in together.items():
            assert alone[name][0] == pytest.approx(values[place], rel=0, abs=1e-9)


@pytest.mark.parametrize("kind", ["churn", "timing"])
def test_the_average_customer_of_the_population_is_the_baseline(
    simulated, customers, kind: str
) -> None:
    """Nearly: the model's population leaves out those who object to profiling."""
    parts = getattr(simulated.champions, kind).contributions(customers)
    assert abs(parts[HISTORY].mean()) < 0.02 < parts[HISTORY].std()


def test_a_longer_silence_lowers_the_purchase_history() -> None:
    """All else equal: the same purchases, and the last of them longer ago."""
    model = ChurnModel(90, BTYD, [0.0] * 101, -1.0)
    frequency = np.repeat(np.arange(30.0), 40)
    since = np.tile(np.arange(0.0, 800.0, 20.0), 30)
    recency = np.where(frequency > 0, 50.0, 0.0)
    parts = model.contributions({"frequency": frequency, "recency": recency, "T": recency + since})
    history = parts[HISTORY].reshape(30, 40)
    assert (np.diff(history, axis=1) < 0)[history[:, 1:] > -10].all()
    assert (np.diff(history, axis=1) <= 0).all()  # where BG/NBD is certain it stays


def test_who_buys_more_often_is_back_sooner() -> None:
    edges = interval_edges(90)
    model = TimingModel(90, edges, BTYD, None, None, [-1.0] * (len(edges) - 1))
    frequency = np.arange(40.0)
    inputs = {"frequency": frequency, "recency": 200 + 0 * frequency, "T": 210 + 0 * frequency}
    assert (np.diff(model.contributions(inputs)[HISTORY]) > 0).all()


def test_an_interval_counts_by_the_chance_that_it_is_reached() -> None:
    model = TimingModel(90, [30, 60, 90], BTYD, None, None, [0.0, 2.0])
    np.testing.assert_allclose(model.weights, [2 / 3, 1 / 3])
    simple = msgspec.structs.replace(model, edges=[45, 90], mean_logits=[1.0])
    np.testing.assert_allclose(simple.weights, [1.0])
