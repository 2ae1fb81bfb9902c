"""Trains one purchase model: searches settings, fits, and scores the holdout once."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import mlflow
import pandas as pd

from features.log.log import Log
from models.kinds import Model
from training.purchase.recipes import ModelRecipe
from training.purchase.study import Origin, PurchaseStudy
from training.purchase.tune import SearchBudget, flatten_settings, search_settings
from training.runs.candidates import Candidate, Judgement
from training.runs.training_runs import SEED, log_candidate, slice_parameters, training_run


@dataclass(frozen=True)
class PurchaseJob:
    """How one purchase model is trained, scored and judged.

    Attributes
    ----------
    recipe : ModelRecipe
        How the model is fitted and its settings are searched.
    log_scores : callable
        (model, origin) -> None; logs the scores of a model at an origin, under its split.
    judge : callable
        (model, origin) -> Judgement; logs plots, and how the baselines do there.
    predict : callable
        (model, rows) -> DataFrame of what the model predicts for them, one column per figure.
    """

    recipe: ModelRecipe
    log_scores: Callable[[Any, Origin], None]
    judge: Callable[[Any, Origin], Judgement]
    predict: Callable[[Any, pd.DataFrame], pd.DataFrame]


def run_purchase_job(
    log: Log,
    job: PurchaseJob,
    study: PurchaseStudy,
    budget: SearchBudget,
    progress: Callable[[str], None],
) -> Candidate:
    """Train a purchase model as one MLflow run, without registering it.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    job : PurchaseJob
        Which model, and how it is scored.
    study : PurchaseStudy
        Slices to fit on, and origins to judge at.
    budget : SearchBudget
        How long to search for settings.
    progress : callable
        Called with a text after each trial, and with the model's name at the end.

    Returns
    -------
    Candidate
        The fitted model with its judgement, ready to be registered.
    """
    recipe, cutoff = job.recipe, study.slices.cutoff
    flags = asdict(budget) | slice_parameters(study.slices)
    with training_run(log, recipe.kind, cutoff, flags):
        settings = search_settings(log, recipe, study, budget, progress)
        mlflow.log_params(flatten_settings(settings))
        model = recipe.fit(study.slices, settings, SEED)
        job.log_scores(model, study.train)
        tested: dict[str, Model] = {}
        for origin in study.origins:
            # the holdout's slices are those of the registered model itself
            refit = origin is not study.holdout
            fitted = recipe.fit(origin.slices, settings, SEED) if refit else model
            job.log_scores(fitted, origin)
            tested[origin.split] = fitted
        judgement = job.judge(tested[study.test.split], study.test)
        sample = study.slices.latest.head(5)
        example = sample, job.predict(model, sample)
        progress(recipe.kind)
        candidate = log_candidate(log, recipe.kind, model, cutoff, example, judgement)
        return replace(candidate, tested=tested)
