"""One row asked by LightGBM's own call for it: the same score, from any thread."""

from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from models.boosters.booster import ResidualBooster, booster_corrections, column_matrix
from models.boosters.single_row import SingleRowPredictor

COLUMNS = ("a", "b", "c")


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    x = _rows(3000)
    outcome = np.nan_to_num(x[:, 0]) + x[:, 1] > 0
    data = lgb.Dataset(x, outcome, params={"verbosity": -1})
    return lgb.train({"objective": "binary", "verbosity": -1}, data, 40)


def _rows(n: int) -> np.ndarray:
    """Numbers of which some are missing and some 0."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, len(COLUMNS)))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.1] = 0.0
    x[:, 1] = np.nan_to_num(x[:, 1])
    return x


def test_the_score_is_that_of_predict_to_the_last_bit(booster: lgb.Booster) -> None:
    x = _rows(500)
    expected = booster.predict(x, raw_score=True)
    assert len(np.unique(expected)) > 100
    np.testing.assert_array_equal(SingleRowPredictor(booster).scores(x), expected)
    np.testing.assert_array_equal(
        SingleRowPredictor(booster).scores(np.asfortranarray(x)), expected
    )


def test_threads_that_ask_at_once_get_their_own_scores(booster: lgb.Booster) -> None:
    x = _rows(4000)
    single, expected = SingleRowPredictor(booster), booster.predict(x, raw_score=True)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda place: single.scores(x[place : place + 1])[0], range(len(x))))
    np.testing.assert_array_equal(found, expected)


def test_a_matrix_of_other_columns_is_refused(booster: lgb.Booster) -> None:
    with pytest.raises(ValueError, match="the trees read 3 features, not 2"):
        SingleRowPredictor(booster).scores(np.zeros((1, 2)))


def test_the_predictor_keeps_the_trees_that_it_needs() -> None:
    x = _rows(300)
    data = lgb.Dataset(x, x[:, 1] > 0, params={"verbosity": -1})
    made = lgb.train({"objective": "binary", "verbosity": -1}, data, 5)
    single, expected = SingleRowPredictor(made), made.predict(x, raw_score=True)
    del made
    np.testing.assert_array_equal(single.scores(x), expected)


@pytest.mark.parametrize("rows", [1, 9, 16, 17, 300])
def test_a_booster_predicts_the_same_for_few_rows_and_for_many(
    booster: lgb.Booster, rows: int
) -> None:
    model, x = ResidualBooster(COLUMNS, booster), _rows(300)
    by_name = dict(zip(COLUMNS, x[:rows].T.copy(), strict=True))
    expected = booster.predict(x, raw_score=True)[:rows]
    for inputs in (by_name, pd.DataFrame(by_name), x[:rows]):
        np.testing.assert_array_equal(model.correction(inputs), expected)


def test_corrections_of_several_boosters_are_those_of_each_alone(booster: lgb.Booster) -> None:
    same, twin = ResidualBooster(COLUMNS, booster), ResidualBooster(COLUMNS, booster)
    turned = ResidualBooster(COLUMNS[::-1], booster)
    inputs = dict(zip(COLUMNS, _rows(50).T, strict=True))
    found = booster_corrections({"same": same, "twin": twin, "turned": turned}, inputs)
    np.testing.assert_array_equal(found["same"], same.correction(inputs))
    np.testing.assert_array_equal(found["twin"], found["same"])
    np.testing.assert_array_equal(found["turned"], turned.correction(inputs))
    assert (found["turned"] != found["same"]).any()


def test_columns_are_stacked_as_numbers_whatever_they_come_as() -> None:
    inputs = {"a": np.array([1, 2]), "b": np.array([None, 0.5], object), "c": np.array([True, 0])}
    expected = [[1.0, np.nan, 1.0], [2.0, 0.5, 0.0]]
    np.testing.assert_array_equal(column_matrix(inputs, "abc"), expected)
    np.testing.assert_array_equal(column_matrix(pd.DataFrame(inputs), list("abc")), expected)
    assert column_matrix(inputs, "abc").dtype == np.float32
