"""Tests of boosters that correct an offset."""

import msgspec
import numpy as np
import pytest
from scipy.special import logit

from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster

SETTINGS = BoosterSettings(rounds=30, min_rows=20, learning_rate=0.2, l2=0.0)


def _rows(n: int = 1500) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(3)
    inputs = {name: rng.uniform(size=n) for name in ("a", "b")}
    return inputs, (rng.uniform(size=n) < inputs["a"]).astype(float)


def test_a_booster_corrects_an_offset_and_finds_the_column_that_matters() -> None:
    inputs, outcome = _rows()
    target = BoosterTarget(outcome, np.full(len(outcome), logit(0.5)))
    booster = ResidualBooster.fit(inputs, ("a", "b"), target, SETTINGS, seed=1)
    low, high = booster.correction({"a": np.array([0.1, 0.9]), "b": np.array([0.5, 0.5])})
    assert low < -0.5 and high > 0.5
    assert booster.gains()["a"] > 3 * booster.gains()["b"]


def test_an_offset_that_is_right_already_leaves_little_to_correct() -> None:
    inputs, outcome = _rows()
    target = BoosterTarget(outcome, logit(np.clip(inputs["a"], 0.01, 0.99)))
    restrained = msgspec.structs.replace(SETTINGS, learning_rate=0.03, l2=50.0)
    booster = ResidualBooster.fit(inputs, ("a", "b"), target, restrained, seed=1)
    assert np.abs(booster.correction(inputs)).max() < 0.3


def test_a_row_without_weight_is_not_learned_from() -> None:
    inputs, outcome = _rows()
    is_weighted = inputs["b"] < 0.4
    contrary = np.where(is_weighted, outcome, 1.0 - (inputs["a"] > 0.5))
    target = BoosterTarget(contrary, np.zeros(len(outcome)), is_weighted.astype(float))
    booster = ResidualBooster.fit(inputs, ("a",), target, SETTINGS, seed=1)
    low, high = booster.correction({"a": np.array([0.1, 0.9])})
    assert low < 0 < high


def test_the_same_rows_and_seed_give_the_same_text_which_loads_again() -> None:
    inputs, outcome = _rows(300)
    target = BoosterTarget(outcome, np.zeros(300))
    first, second = (
        ResidualBooster.fit(inputs, ("a", "b"), target, SETTINGS, seed=5) for _ in range(2)
    )
    assert first.to_text() == second.to_text()
    loaded = ResidualBooster.from_text(("a", "b"), first.to_text())
    np.testing.assert_array_equal(loaded.correction(inputs), first.correction(inputs))
    with pytest.raises(ValueError, match="the trees read 2 features, the artefact names 1"):
        ResidualBooster.from_text(("a",), first.to_text())


def test_the_last_bits_of_a_sum_change_no_score() -> None:
    """Trees that told two results of one sum apart would score a customer by the rows' order."""
    one_way, other_way = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one_way != other_way
    column = np.repeat([one_way, other_way], 500)
    outcome = np.repeat([0.0, 1.0], 500)
    settings = BoosterSettings(rounds=5, min_rows=20, l2=0.0, feature_share=1.0, row_share=1.0)
    target = BoosterTarget(outcome, np.zeros(1000))
    booster = ResidualBooster.fit({"a": column}, ["a"], target, settings, seed=1)
    ends = booster.correction({"a": np.array([one_way, other_way])})
    assert ends[0] == ends[1]
    assert (booster.correction({"a": column}) == ends[0]).all()
