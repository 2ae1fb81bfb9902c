"""Trains the requested models at one cutoff and registers them together."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import mlflow
import pandas as pd

from features.errors import refuse
from features.log.log import Log
from features.log.log_cutoffs import check_cutoff_in_data
from features.windows import to_datetime
from models.kinds import CHANNEL, KINDS, ModelKind
from training.channel.job import check_messages, explain_missing_messages, train_channel_model
from training.evaluation.comparison import score_models
from training.evaluation.evaluation import Evaluation, evaluate
from training.lifecycle.promote import register
from training.purchase.churn import CHURN_JOB
from training.purchase.job import run_purchase_job
from training.purchase.slice_cutoffs import (
    MIN_HISTORY_DAYS,
    has_history,
    holdout_cutoff,
    refuse_holes_in_the_way,
)
from training.purchase.study import make_study
from training.purchase.timing import TIMING_JOB
from training.purchase.tune import VALIDS, SearchBudget
from training.report.report_run import log_report, make_training_report
from training.runs.candidates import Candidate
from training.runs.training_runs import log_scores, open_experiment, training_run


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of one training: new versions, scores on the holdout, whether there is a report.

    Attributes
    ----------
    cutoff : int
        Last instant that the models know (UTC microseconds).
    versions : dict of ModelKind to str
        The registered version of each trained model; each is its kind's challenger now.
    holdout : DataFrame or None
        One row per model, ours and each baseline, with its scores; None unless both purchase
        models were trained and the horizon after the cutoff is observed.
    reported : bool
        Whether the run holds a report: it does where both purchase models were trained.
    """

    cutoff: int
    versions: dict[ModelKind, str]
    holdout: pd.DataFrame | None
    reported: bool


def train(
    log: Log,
    kinds: Sequence[ModelKind] = (),
    cutoff: int | None = None,
    trials: int = 10,
    progress: Callable[[str], None] = lambda _: None,
    *,
    tune_minutes: float | None = None,
) -> TrainingResult:
    """Train models at one cutoff as one MLflow run, and register them as challengers.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    kinds : sequence of ModelKind, optional
        Models to train; default: churn and timing, and channel where the shop has messages enough.
    cutoff : int, optional
        Last instant that the models may know (UTC microseconds); default: the latest with an
        observed horizon after it, so that the last horizon of the data is the holdout.
    trials : int
        Trials of the hyper-parameter search of each purchase model; 0 takes the defaults.
    progress : callable
        Called with a text after each finished step; `count_progress_steps` says how many.
    tune_minutes : float, optional
        Minutes to search for each purchase model, instead of a number of trials; what is found
        then depends on the machine, and the run is tagged as not reproducible.

    Returns
    -------
    TrainingResult
        The registered versions, and how they did on the holdout.

    Raises
    ------
    InputError
        The data cannot support the models at this cutoff. Nothing is registered then.
    """
    if CHANNEL in kinds and "messages" not in log.provided:
        check_messages(log, log.observed_until)  # whatever the cutoff
    cutoff = _default_cutoff(log) if cutoff is None else cutoff
    check_cutoff_in_data(log, cutoff)
    kinds = kinds or list_trainable_kinds(log, cutoff)
    if CHANNEL in kinds:
        check_messages(log, cutoff)
    budget = SearchBudget(trials, tune_minutes)
    study = None
    if set(kinds) - {CHANNEL}:
        study = make_study(log, cutoff, valids=VALIDS if budget.searches else 1)
    open_experiment(log)
    with training_run(log, "training", cutoff, {"kinds": ", ".join(kinds), **asdict(budget)}):
        candidates: list[Candidate] = []
        if CHANNEL in kinds:  # first, since it is the one that may lack data
            candidates.append(train_channel_model(log, cutoff, progress))
        for job in (CHURN_JOB, TIMING_JOB):
            if study is not None and job.recipe.kind in kinds:
                candidates.append(run_purchase_job(log, job, study, budget, progress))
        evaluation = evaluate(study, candidates)
        holdout = _compare_on_holdout(evaluation)
        versions = _register(log, cutoff, candidates, evaluation)
    return TrainingResult(cutoff, versions, holdout, reported=evaluation is not None)


def count_progress_steps(kinds: Sequence[ModelKind], trials: int) -> int:
    """Count the steps that a training reports: one per model, and one per trial of a search.

    Parameters
    ----------
    kinds : sequence of ModelKind
        Models to train.
    trials : int
        Trials of the search of each purchase model.

    Returns
    -------
    int
        How often `train` calls `progress`.
    """
    return len(kinds) + trials * len(set(kinds) - {CHANNEL})


def list_trainable_kinds(log: Log, cutoff: int | None = None) -> list[ModelKind]:
    """List the models that the shop's tables can support at a cutoff.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int, optional
        Last instant that the models may know (UTC microseconds); default as in `train`.

    Returns
    -------
    list of ModelKind
        Churn and timing, and channel where there are enough messages.

    Raises
    ------
    InputError
        Without a cutoff: the history is too short for one with an observed horizon after it.
    """
    at = _default_cutoff(log) if cutoff is None else cutoff
    return [kind for kind in KINDS if kind != CHANNEL or explain_missing_messages(log, at) is None]


def _default_cutoff(log: Log) -> int:
    """Take the latest cutoff with an observed horizon after it, if the history is long enough."""
    horizon = log.shop.section.horizon_days
    cutoff = holdout_cutoff(log, horizon)
    refuse_holes_in_the_way(log, cutoff, horizon)
    if not has_history(log, cutoff, horizon):
        needed = MIN_HISTORY_DAYS + 2 * (horizon + log.shop.section.settle_days) + 1
        first, last = to_datetime(log.first_order_at), to_datetime(log.observed_until)
        raise refuse(
            "orders",
            f"a history of at least {needed} days for a horizon of {horizon}",
            f"{(last - first).days} days ({first:%Y-%m-%d} to {last:%Y-%m-%d})",
            "Bring a longer history, or set a shorter shop.horizon_days.",
        )
    return cutoff


def _register(
    log: Log, cutoff: int, candidates: Sequence[Candidate], evaluation: Evaluation | None
) -> dict[ModelKind, str]:
    """Register the candidates; log the report that names their versions, if it can be made."""
    if evaluation is None:
        return register(log.shop.tracking_uri, candidates)
    report = make_training_report(log, evaluation, candidates)  # first, since it may fail
    versions = register(log.shop.tracking_uri, candidates)
    log_report(log, report, evaluation, cutoff, versions)
    return versions


def _compare_on_holdout(evaluation: Evaluation | None) -> pd.DataFrame | None:
    """Log and return the scores of our forecast and the baselines on the holdout."""
    if evaluation is None or evaluation.test.split != "holdout":
        return None
    judged = evaluation.test
    table = score_models(judged.customers, judged.labels, judged.laws)
    mlflow.log_text(table.to_csv(index=False), "holdout_baselines.csv")
    ours = table.drop(columns=["origin", "model"]).iloc[0]
    log_scores("holdout", {str(name): float(value) for name, value in ours.items()})
    return table
