"""The search on a shop with orders only and a model whose loss is a formula of its settings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import FixedTrial

from features.builds.feature_build import FeatureBuilder
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY
from training.purchase import tune
from training.purchase.recipes import CHURN, TIMING, ModelRecipe
from training.purchase.slice_cutoffs import holdout_cutoff
from training.purchase.study import PurchaseStudy, make_study
from training.purchase.tune import SearchBudget, describe_search_space
from training.runs.training_runs import open_experiment


def _orders(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(250, size=300), "D")
    customers = rng.integers(40, size=300)
    return pd.DataFrame(
        {"order_id": range(300), "customer_id": customers, "ordered_at": days, "amount": 5}
    )


def _write(folder: Path, seed: int) -> Log:
    _orders(seed).to_csv(folder / "orders.csv", index=False)
    config = folder / "nextbuy.toml"
    config.write_text('[shop]\nhorizon_days = 30\n[tables.orders]\npath = "orders.csv"\n')
    return read_log(read_shop(config))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, PurchaseStudy]:
    """A small shop, and its study with all validation origins; MLflow writes there."""
    log = _write(tmp_path_factory.mktemp("shop"), 0)
    open_experiment(log)
    return log, make_study(log, holdout_cutoff(log, 30), valids=tune.VALIDS)


@pytest.fixture
def search(shop: tuple[Log, PurchaseStudy]) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """Search in a run of its own: gives the settings and the run. No search is kept before."""
    log, study = shop
    _forget(log)

    def run(recipe: ModelRecipe, budget: SearchBudget) -> tuple[Any, Any]:
        open_experiment(log)
        with mlflow.start_run() as run:
            settings = tune.search_settings(log, recipe, study, budget)
        return settings, mlflow.get_run(run.info.run_id)

    yield run
    _forget(log)


def _forget(log: Log) -> None:
    (log.shop.workspace / "searches.db").unlink(missing_ok=True)


def _recipe(fit: Callable[..., Any] | None = None) -> ModelRecipe:
    """Make a recipe that is best at 21 leaves, on origins that are not equally hard."""

    def loss(settings: Any, origin: Any) -> float:
        hardness = 10.0 * len(origin.slices.frame) / 1000
        return hardness + (settings.leaves - 21) ** 2 + settings.l2 / 1000

    return replace(TIMING, fit=fit or (lambda _slices, settings, _seed: settings), loss=loss)


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
def test_the_defaults_are_a_point_of_the_search_space(recipe: ModelRecipe) -> None:
    ranges, defaults = describe_search_space(recipe)
    assert recipe.search_space(FixedTrial(defaults)) == recipe.defaults
    assert all(low <= defaults[name] <= high for name, (_, low, high, _) in ranges.items())


def test_the_defaults_are_the_first_trial_and_alone_the_result_of_one(shop, search) -> None:
    settings, _ = search(_recipe(), SearchBudget(trials=1))
    assert settings == TIMING.defaults
    assert [trial.params for trial in _trials(shop[0])] == [describe_search_space(TIMING)[1]]


@pytest.fixture(scope="module")
def whole(shop: tuple[Log, PurchaseStudy]) -> tuple[Any, list[tuple[Any, ...]]]:
    """The result and the trials of an uninterrupted search of 12 trials."""
    log, study = shop
    _forget(log)
    with mlflow.start_run():
        settings = tune.search_settings(log, _recipe(), study, SearchBudget(trials=12))
    drawn = _drawn(log)
    _forget(log)
    return settings, drawn


def test_two_fresh_searches_are_equal_to_the_last_trial(shop, whole, search) -> None:
    settings, run = search(_recipe(), SearchBudget(trials=12))
    assert (settings, _drawn(shop[0])) == whole
    assert abs(settings.leaves - 21) < abs(TIMING.defaults.leaves - 21)
    assert run.data.tags["reproducible"] == "true"


@pytest.mark.parametrize("fits", [1, 20])
def test_an_interrupted_search_goes_on_to_what_it_would_have_been(
    shop, whole, search, fits: int
) -> None:
    done = []

    def fit(_slices: Any, settings: Any, _seed: int) -> Any:
        done.append(settings)
        if len(done) == fits:
            raise KeyboardInterrupt("while fitting")
        return settings

    with pytest.raises(KeyboardInterrupt, match="while fitting"):
        search(_recipe(fit), SearchBudget(trials=12))
    settings, run = search(_recipe(), SearchBudget(trials=12))
    assert (settings, _drawn(shop[0])) == whole
    assert run.data.metrics["search.trials"] == 12
    assert (run.data.metrics["search.trials_kept"] > 0) == (fits > 3)


def test_a_finished_search_is_not_repeated(search) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("fitted again")

    first, _ = search(_recipe(), SearchBudget(trials=3))
    again, run = search(_recipe(refuse), SearchBudget(trials=3))
    assert again == first
    assert run.data.metrics["search.trials_kept"] == 3


def test_trials_beyond_the_budget_of_a_kept_search_do_not_count(shop, search) -> None:
    shorter, _ = search(_recipe(), SearchBudget(trials=3))
    search(_recipe(), SearchBudget(trials=8))
    assert search(_recipe(), SearchBudget(trials=3))[0] == shorter
    assert len(_trials(shop[0])) == 8


def test_other_data_or_another_space_is_another_search(shop, tmp_path: Path) -> None:
    log, study = shop
    narrow = replace(TIMING, search_space=lambda trial: TIMING.search_space(FixedTrial({
        **describe_search_space(TIMING)[1], "leaves": trial.suggest_int("leaves", 5, 9)
    })))  # fmt: skip
    searches = [(log, TIMING), (log, narrow), (log, CHURN), (_write(tmp_path, 1), TIMING)]
    names = [tune._name(at, recipe, study, study.valids) for at, recipe in searches]
    assert len(set(names)) == 4
    assert tune._name(log, TIMING, study, study.valids) == names[0]


def test_every_trial_is_a_run_with_its_scores_and_pruned_ones_say_so(search) -> None:
    _, run = search(_recipe(), SearchBudget(trials=12))
    trials = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'", output_format="list"
    )
    assert len(trials) == 12
    pruned = [t for t in trials if t.data.tags["pruned"] == "true"]
    assert 0 < len(pruned) == run.data.metrics["search.trials_pruned"] < 12
    for trial in trials:
        origins = [name for name in trial.data.metrics if name.startswith("valid.20")]
        assert (len(origins) < 3) == (trial in pruned)
        assert ("valid.crps" in trial.data.metrics) == (trial not in pruned)


def test_a_time_budget_is_logged_as_not_reproducible(search) -> None:
    settings, run = search(_recipe(), SearchBudget(minutes=0.0))
    assert settings == TIMING.defaults  # the first trial is made whatever the time
    assert run.data.tags["reproducible"] == "false"


def test_without_a_budget_nothing_is_searched(shop, search) -> None:
    settings, _ = search(_recipe(), SearchBudget(trials=0))
    assert settings == TIMING.defaults
    assert not (shop[0].shop.workspace / "searches.db").exists()


def test_timing_is_judged_on_those_who_returned(shop) -> None:
    _, study = shop
    model = TIMING.fit(study.valid.slices, TIMING.defaults, 0)
    returned = study.valid.labels["returned"].to_numpy()
    law = model.given_return(study.valid.population[returned])
    bought = study.valid.labels["days_to_next"].to_numpy()[returned]
    expected = np.mean([
        sum((law[row, h] - (day <= h)) ** 2 for h in range(1, 31))
        for row, day in enumerate(bought)
    ])  # fmt: skip
    assert TIMING.loss(model, study.valid) == pytest.approx(expected)


def test_validation_origins_learn_from_what_had_closed_and_never_see_the_holdout(shop) -> None:
    _, study = shop
    cutoffs = [valid.slices.cutoff for valid in study.valids]
    assert len(cutoffs) == 3
    assert sorted(cutoffs, reverse=True) == cutoffs
    assert max(cutoffs) + 30 * DAY <= study.slices.cutoff
    for valid in study.valids:
        (at,) = valid.population["cutoff"].unique()
        assert valid.slices.frame["cutoff"].max() + pd.Timedelta(days=30) <= at


def test_the_origins_of_a_search_share_the_slices_of_the_training(
    shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, study = shop
    built: list[int] = []
    frame = FeatureBuilder.frame

    def build(builder: FeatureBuilder, cutoff: int, share: float = 1.0) -> pd.DataFrame:
        built.append(cutoff)
        return frame(builder, cutoff, share)

    monkeypatch.setattr(FeatureBuilder, "frame", build)
    one = make_study(log, study.slices.cutoff)
    assert len(set(built)) == len(built)
    of_one = set(built)
    built.clear()
    make_study(log, study.slices.cutoff, valids=3)
    assert len(set(built)) == len(built) <= len(of_one) + 2
    pd.testing.assert_frame_equal(one.valid.slices.frame, study.valid.slices.frame)
