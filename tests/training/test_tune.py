"""The search on a shop with orders only and a model whose loss is a formula of its settings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import FixedTrial

from features.inputs.log import Log, read_log
from features.inputs.shop import read_shop
from features.inputs.windows import DAY
from training import populations, tune
from training.recipes import CHURN, TIMING, Recipe
from training.runs import open_experiment
from training.slices import holdout_cutoff
from training.study import Study, make_study
from training.tune import Budget, space_of


@pytest.fixture
def open_log(write_shop: Callable[..., Path]) -> Callable[..., Log]:
    """Make the log of a small shop, each time in a workspace of its own."""

    def make(seed: int = 0) -> Log:
        rng = np.random.default_rng(seed)
        customers = rng.integers(60, size=600)
        days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(400, size=600), "D")
        orders = pd.DataFrame(
            {"order_id": range(600), "customer_id": customers, "ordered_at": days, "amount": 5}
        )
        return read_log(read_shop(write_shop({"orders": orders}, horizon_days=30)))

    return make


@pytest.fixture
def log(open_log: Callable[..., Log]) -> Log:
    return open_log()


def _study(log: Log) -> Study:
    return make_study(log, holdout_cutoff(log, 30), valids=tune.VALIDS)


def _recipe(fit: Callable[..., Any] | None = None) -> Recipe:
    """Make a recipe that is best at 21 leaves, on origins that are not equally hard."""

    def loss(settings: Any, origin: Any) -> float:
        hardness = 10.0 * len(origin.slices.frame) / 1000
        return hardness + (settings.leaves - 21) ** 2 + settings.l2 / 1000

    return replace(CHURN, fit=fit or (lambda _slices, settings, _seed: settings), loss=loss)


def _search(log: Log, recipe: Recipe, budget: Budget) -> tuple[Any, Any]:
    """Search in a run of its own; gives the settings and the run."""
    open_experiment(log)
    with mlflow.start_run() as run:
        settings = tune.tune(log, recipe, _study(log), budget)
    return settings, mlflow.get_run(run.info.run_id)


def _trials(log: Log) -> list[optuna.trial.FrozenTrial]:
    storage = optuna.storages.RDBStorage(f"sqlite:///{log.shop.workspace / 'searches.db'}")
    (summary,) = optuna.get_all_study_summaries(storage)
    found = optuna.load_study(study_name=summary.study_name, storage=storage).trials
    storage.remove_session()
    storage.engine.dispose()
    return [trial for trial in found if trial.state.name in ("COMPLETE", "PRUNED")]


def _drawn(log: Log) -> list[tuple[Any, ...]]:
    return [(t.state.name, t.params, t.intermediate_values) for t in _trials(log)]


@pytest.mark.parametrize("recipe", [CHURN, TIMING], ids=lambda recipe: recipe.kind)
def test_the_defaults_are_a_point_of_the_search_space(recipe: Recipe) -> None:
    ranges, defaults = space_of(recipe)
    assert recipe.search_space(FixedTrial(defaults)) == recipe.defaults
    assert all(low <= defaults[name] <= high for name, (_, low, high, _) in ranges.items())


def test_the_defaults_are_the_first_trial_and_alone_the_result_of_one(log: Log) -> None:
    settings, _ = _search(log, _recipe(), Budget(trials=1))
    assert settings == CHURN.defaults
    assert [trial.params for trial in _trials(log)] == [space_of(CHURN)[1]]


def test_two_fresh_searches_are_equal_to_the_last_trial(open_log: Callable[..., Log]) -> None:
    logs = open_log(), open_log()
    found = [_search(log, _recipe(), Budget(trials=14))[0] for log in logs]
    assert found[0] == found[1] != CHURN.defaults
    assert _drawn(logs[0]) == _drawn(logs[1])
    assert abs(found[0].leaves - 21) < abs(CHURN.defaults.leaves - 21)


@pytest.mark.parametrize("fits", [1, 2, 11, 30])
def test_an_interrupted_search_goes_on_to_what_it_would_have_been(
    open_log: Callable[..., Log], fits: int
) -> None:
    interrupted, whole = open_log(), open_log()
    done = []

    def fit(_slices: Any, settings: Any, _seed: int) -> Any:
        done.append(settings)
        if len(done) == fits:
            raise KeyboardInterrupt
        return settings

    with pytest.raises(KeyboardInterrupt):
        _search(interrupted, _recipe(fit), Budget(trials=14))
    resumed, run = _search(interrupted, _recipe(), Budget(trials=14))
    assert resumed == _search(whole, _recipe(), Budget(trials=14))[0]
    assert _drawn(interrupted) == _drawn(whole)
    assert run.data.metrics["search.trials"] == 14
    assert (run.data.metrics["search.trials_kept"] > 0) == (fits > 3)


def test_a_finished_search_is_not_repeated(log: Log) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("fitted again")

    first, _ = _search(log, _recipe(), Budget(trials=5))
    again, run = _search(log, _recipe(refuse), Budget(trials=5))
    assert again == first
    assert run.data.metrics["search.trials_kept"] == 5


def test_trials_beyond_the_budget_of_a_kept_search_do_not_count(
    open_log: Callable[..., Log],
) -> None:
    longer, shorter = open_log(), open_log()
    _search(longer, _recipe(), Budget(trials=12))
    of_longer, _ = _search(longer, _recipe(), Budget(trials=4))
    assert of_longer == _search(shorter, _recipe(), Budget(trials=4))[0]


def test_other_data_or_another_space_is_another_search(open_log: Callable[..., Log]) -> None:
    log, other = open_log(), open_log(seed=1)
    narrow = replace(CHURN, search_space=lambda trial: CHURN.search_space(FixedTrial({
        **space_of(CHURN)[1], "leaves": trial.suggest_int("leaves", 5, 9)
    })))  # fmt: skip
    searches = [(log, CHURN), (other, CHURN), (log, narrow), (log, TIMING)]
    names = {tune._name(at, recipe, study := _study(at), study.valids) for at, recipe in searches}
    assert len(names) == 4
    assert tune._name(log, CHURN, study := _study(log), study.valids) in names


def test_every_trial_is_a_run_with_its_scores_and_pruned_ones_say_so(log: Log) -> None:
    _, run = _search(log, _recipe(), Budget(trials=12))
    trials = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'", output_format="list"
    )
    assert len(trials) == 12
    pruned = [t for t in trials if t.data.tags["pruned"] == "true"]
    assert 0 < len(pruned) == run.data.metrics["search.trials_pruned"] < 12
    for trial in trials:
        origins = [name for name in trial.data.metrics if name.startswith("valid.20")]
        assert (len(origins) < 3) == (trial in pruned)
        assert ("valid.log_loss" in trial.data.metrics) == (trial not in pruned)
    assert run.data.tags["reproducible"] == "true"


def test_a_time_budget_is_logged_as_not_reproducible(log: Log) -> None:
    settings, run = _search(log, _recipe(), Budget(minutes=0.0))
    assert settings == CHURN.defaults  # the first trial is made whatever the time
    assert run.data.tags["reproducible"] == "false"


def test_without_a_budget_nothing_is_searched(log: Log) -> None:
    settings, _ = _search(log, _recipe(), Budget(trials=0))
    assert settings == CHURN.defaults
    assert not (log.shop.workspace / "searches.db").exists()


def test_validation_origins_learn_from_what_had_closed_and_never_see_the_holdout(log: Log) -> None:
    study = _study(log)
    cutoffs = [valid.slices.cutoff for valid in study.valids]
    assert len(cutoffs) == 3
    assert sorted(cutoffs, reverse=True) == cutoffs
    assert max(cutoffs) + 30 * DAY <= study.slices.cutoff
    for valid in study.valids:
        assert valid.population["cutoff"].nunique() == 1
        latest = valid.slices.frame["cutoff"].max()
        assert latest + pd.Timedelta(days=30) <= valid.population["cutoff"].iloc[0]


def test_the_origins_of_a_search_share_the_slices_of_the_training(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []

    def build(log: Log, cutoffs: list[int], catalog: Any) -> pd.DataFrame:
        built.extend(cutoffs)
        return build_features(log, cutoffs, catalog)

    build_features = populations.build_features
    monkeypatch.setattr(populations, "build_features", build)
    one = make_study(log, holdout_cutoff(log, 30))
    assert len(set(built)) == len(built)
    of_one = len(built)
    built.clear()
    three = make_study(log, holdout_cutoff(log, 30), valids=3)
    assert len(set(built)) == len(built) <= of_one + 2
    pd.testing.assert_frame_equal(one.valid.slices.frame, three.valid.slices.frame)
