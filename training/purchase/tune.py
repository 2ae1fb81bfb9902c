"""Searches hyper-parameters: seeded, resumable, on rolling validation origins only.

A search is kept in the shop's workspace under a name that covers all that its losses depend on.
An interrupted search continues with the trial it was at; a finished one is not repeated.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mlflow
import msgspec
import numpy as np
import optuna
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from features.log.log import Log
from training.purchase.recipes import ModelRecipe
from training.purchase.study import Origin, PurchaseStudy
from training.runs.fingerprints import result_fingerprint
from training.runs.training_runs import SEED

VALIDS = 3  # origins that a setting is judged at
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_SCORES = "scores"  # attribute of a trial: its loss at each origin
# A trial is stopped when it is behind the median of the complete ones, once there are three.
_PRUNER = optuna.pruners.MedianPruner(n_startup_trials=3)


@dataclass(frozen=True)
class SearchBudget:
    """How long to search for the settings of each model.

    Attributes
    ----------
    trials : int
        Number of trials; the same number gives the same settings, and 0 takes the defaults.
    minutes : float or None
        Minutes to search instead; how many trials that is depends on the machine.
    """

    trials: int = 10
    minutes: float | None = None

    @property
    def searches(self) -> bool:
        """Whether the budget allows at least one trial of a search."""
        return self.minutes is not None or self.trials > 0

    def allows(self, finished: int, seconds: float) -> bool:
        """Check whether one more trial may begin; the first one, of the defaults, always may.

        Parameters
        ----------
        finished : int
            Trials finished so far, kept ones included.
        seconds : float
            Time since the search began.

        Returns
        -------
        bool
        """
        if self.minutes is None:
            return finished < self.trials
        return finished == 0 or seconds < 60 * self.minutes


def search_settings(
    log: Log,
    recipe: ModelRecipe,
    study: PurchaseStudy,
    budget: SearchBudget,
    progress: Callable[[str], None] = lambda _: None,
) -> Any:
    """Search the settings of one model with the lowest mean loss over the validation origins.

    The holdout is never seen. Each origin's model is fitted on labels that had closed there, and
    judged on outcomes that had closed at the study's cutoff. The defaults are the first trial.
    Every trial is an MLflow run under the active one.

    Trial n is drawn by a sampler seeded with n from the trials finished before it, and from
    nothing else, so that an interrupted search gives what an uninterrupted one does.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    recipe : ModelRecipe
        The model: its search space, fit and loss.
    study : PurchaseStudy
        Validation origins.
    budget : SearchBudget
        How long to search.
    progress : callable
        Called with a text after each trial.

    Returns
    -------
    settings of the model
        The defaults where there is no budget, or no origin with anybody who returned.
    """
    origins = [o for o in study.valids if o.labels["returned"].any()]
    if not origins or not budget.searches:
        return recipe.defaults
    with _open_search(log, _name(log, recipe, study, origins)) as search:
        _forget_unfinished(search)
        kept = len(_finished(search))
        for trial in _finished(search)[: budget.trials]:
            progress(f"{recipe.kind}, kept trial {trial.number + 1}")
        began = time.monotonic()
        while budget.allows(count := len(_finished(search)), time.monotonic() - began):
            _run_trial(search, recipe, origins)
            progress(f"{recipe.kind}, trial {count + 1}")
        considered = _finished(search)
        if budget.minutes is None:  # a longer search that was kept does not count
            considered = considered[: budget.trials]
        _log_search(search.study_name, budget, kept, considered)
        return recipe.search_space(FixedTrial(_best(considered).params))


def describe_search_space(recipe: ModelRecipe) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe a search space: the range of each hyper-parameter, and its default.

    Parameters
    ----------
    recipe : ModelRecipe
        The model.

    Returns
    -------
    ranges : dict of str to list
        By parameter: type (`int` or `float`), low, high and options.
    defaults : dict of str to value
        By parameter.
    """
    recorder = _RangeRecorder()
    recipe.search_space(recorder)
    defaults = flatten_settings(recipe.defaults)
    return recorder.ranges, {name: defaults[name] for name in recorder.ranges}


class _RangeRecorder:
    """A trial that proposes the lowest value of every parameter, and records their ranges."""

    def __init__(self) -> None:
        self.ranges: dict[str, Any] = {}

    def suggest_int(self, name: str, low: int, high: int, **how: Any) -> int:
        self.ranges[name] = ["int", low, high, how]
        return low

    def suggest_float(self, name: str, low: float, high: float, **how: Any) -> float:
        self.ranges[name] = ["float", low, high, how]
        return low


def flatten_settings(settings: Any) -> dict[str, Any]:
    """Return the fields of settings by name; fields of nested settings are named `outer.inner`.

    Parameters
    ----------
    settings : Struct
        Settings of a model.

    Returns
    -------
    dict of str to value

    Examples
    --------
    >>> from models.purchase.churn_fit import ChurnSettings
    >>> flatten_settings(ChurnSettings())["direct.rounds"]
    100
    """
    return _flat(msgspec.to_builtins(settings))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name the fields of nested settings `outer.inner`, as a search space does."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping)
        flat |= _flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat


def _name(log: Log, recipe: ModelRecipe, study: PurchaseStudy, origins: Sequence[Origin]) -> str:
    ranges, defaults = describe_search_space(recipe)
    key = result_fingerprint(
        log,
        study.catalog,
        log.fingerprint(),
        kind=recipe.kind,
        cutoff=study.slices.cutoff,
        origins=[origin.slices.cutoff for origin in origins],
        space=ranges,
        defaults=defaults,
        seed=SEED,
    )
    return f"{recipe.kind}-{key}"


@contextmanager
def _open_search(log: Log, name: str) -> Iterator[optuna.Study]:
    """Open a search in the workspace's SQLite database, which survives a killed process."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    log.shop.workspace.mkdir(parents=True, exist_ok=True)
    path = (log.shop.workspace / "searches.db").resolve()
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        yield optuna.create_study(
            storage=storage, study_name=name, pruner=_PRUNER, load_if_exists=True
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _forget_unfinished(search: optuna.Study) -> None:
    """Mark an interrupted trial as failed, so that neither sampler nor pruner reads it."""
    for trial in search.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        search.tell(trial.number, state=TrialState.FAIL)


def _finished(search: optuna.Study) -> list[FrozenTrial]:
    return search.get_trials(deepcopy=False, states=_FINISHED)


def _run_trial(search: optuna.Study, recipe: ModelRecipe, origins: Sequence[Origin]) -> None:
    finished = _finished(search)
    waiting = search.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    if not finished and not waiting:
        search.enqueue_trial(describe_search_space(recipe)[1])
    search.sampler = optuna.samplers.TPESampler(seed=SEED + len(finished), constant_liar=False)
    trial = search.ask()
    settings = recipe.search_space(trial)
    defaults = finished[0].user_attrs[_SCORES] if finished else None
    with mlflow.start_run(run_name=f"{recipe.kind} trial {len(finished) + 1}", nested=True):
        mlflow.log_params(trial.params)
        scores = _judge(trial, recipe, settings, origins, defaults)
        pruned = len(scores) < len(origins)
        mlflow.set_tag("pruned", str(pruned).lower())
        if not pruned:
            mlflow.log_metric(f"valid.{recipe.metric}", float(np.mean(scores)))
    trial.set_user_attr(_SCORES, scores)
    if pruned:
        search.tell(trial, state=TrialState.PRUNED)
    else:
        search.tell(trial, float(np.mean(scores)))


def _judge(
    trial: optuna.Trial,
    recipe: ModelRecipe,
    settings: Any,
    origins: Sequence[Origin],
    defaults: Sequence[float] | None,
) -> list[float]:
    """Return the loss at each origin, the latest first, up to where the trial is given up.

    The pruner compares the mean excess over the defaults so far: unlike the losses, it does not
    depend on how hard the origins seen happen to be.
    """
    scores: list[float] = []
    for step, origin in enumerate(origins):
        model = recipe.fit(origin.slices, settings, SEED)
        scores.append(recipe.loss(model, origin))
        at = f"{origin.population['cutoff'].iloc[0]:%Y-%m-%d}"
        mlflow.log_metric(f"valid.{at}.{recipe.metric}", scores[-1])
        excess = 0.0 if defaults is None else np.mean(scores) - np.mean(defaults[: step + 1])
        trial.report(float(excess), step)
        if step + 1 < len(origins) and trial.should_prune():
            break
    return scores


def _best(trials: Sequence[FrozenTrial]) -> FrozenTrial:
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return min(complete, key=lambda trial: trial.value if trial.value is not None else math.inf)


def _log_search(
    name: str, budget: SearchBudget, kept: int, considered: Sequence[FrozenTrial]
) -> None:
    """Log in the active run how its settings were chosen."""
    mlflow.set_tag("search", name)
    mlflow.set_tag("reproducible", str(budget.minutes is None).lower())
    pruned = sum(trial.state == TrialState.PRUNED for trial in considered)
    mlflow.log_metrics(
        {
            "search.trials": len(considered),
            "search.trials_kept": min(kept, len(considered)),
            "search.trials_pruned": pruned,
        }
    )
