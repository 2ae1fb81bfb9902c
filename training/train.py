"""One training: every model asked for, at one cutoff, then registered together."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import mlflow
import pandas as pd

from features.errors import refuse
from features.log.log import Log, check_cutoff_in_data
from features.windows import to_datetime
from models.kinds import CHANNEL, KINDS, ModelKind
from training.channel.job import check_messages, train_channel, why_not
from training.evaluation.comparison import compare
from training.evaluation.evaluation import Evaluation, evaluate
from training.lifecycle.promote import register
from training.purchase.churn import CHURN_JOB
from training.purchase.job import run_job
from training.purchase.slices import MIN_HISTORY_DAYS, has_history, holdout_cutoff
from training.purchase.study import make_study
from training.purchase.timing import TIMING_JOB
from training.purchase.tune import VALIDS, Budget
from training.report.report_run import log_report, report_on
from training.runs.candidates import Candidate
from training.runs.runs import log_scores, open_experiment, training_run


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind.

    Attributes
    ----------
    versions : dict of Kind to str
        The new challengers.
    holdout : DataFrame or None
        Our forecast beside the baselines, one row per model, where both purchase models were
        trained and the horizon after the cutoff is observed.
    reported : bool
        Whether the run holds a report: where both purchase models were trained.
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
) -> Trained:
    """Train models at one cutoff and register them as challengers.

    Parameters
    ----------
    kinds : sequence of Kind, optional
        Default: churn and timing, and the channel model where the shop gives messages.
    cutoff : int, optional
        Last instant that the models may know; default: the latest with an observed horizon
        after it, so that the last horizon of the data is the holdout.
    trials : int
        Budget of the hyper-parameter search of each purchase model; 0 takes the defaults.
    tune_minutes : float, optional
        Search each of them for so long instead; not reproducible, and logged as such.

    Raises
    ------
    InputError
        The data cannot support the models at this cutoff. Nothing is registered then.
    """
    kinds = kinds or default_kinds(log)
    if CHANNEL in kinds:
        check_messages(log)
    cutoff = _default_cutoff(log) if cutoff is None else cutoff
    check_cutoff_in_data(log, cutoff)
    budget = Budget(trials, tune_minutes)
    study = None
    if set(kinds) - {CHANNEL}:
        study = make_study(log, cutoff, valids=VALIDS if budget.searches else 1)
    open_experiment(log)
    with training_run(log, "training", cutoff, {"kinds": ", ".join(kinds), **asdict(budget)}):
        candidates: list[Candidate] = []
        if CHANNEL in kinds:  # first, since it is the one that may lack data
            candidates.append(train_channel(log, cutoff, progress))
        for job in (CHURN_JOB, TIMING_JOB):
            if study is not None and job.recipe.kind in kinds:
                candidates.append(run_job(log, job, study, budget, progress))
        evaluation = evaluate(study, candidates)
        holdout = _compare_on_holdout(evaluation)
        versions = _register(log, cutoff, candidates, evaluation)
    return Trained(cutoff, versions, holdout, reported=evaluation is not None)


def count_steps(kinds: Sequence[ModelKind], trials: int) -> int:
    """Count what `progress` is told in a training: each trial of a search, and each model."""
    return len(kinds) + trials * len(set(kinds) - {CHANNEL})


def default_kinds(log: Log) -> list[ModelKind]:
    """List the models that the shop's tables support."""
    return [kind for kind in KINDS if kind != CHANNEL or why_not(log) is None]


def _default_cutoff(log: Log) -> int:
    """Take the latest cutoff with an observed horizon after it, if the history is long enough."""
    horizon = log.shop.section.horizon_days
    cutoff = holdout_cutoff(log, horizon)
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
    report = report_on(log, evaluation, candidates)  # first, since it may fail
    versions = register(log.shop.tracking_uri, candidates)
    log_report(log, report, evaluation, cutoff, versions)
    return versions


def _compare_on_holdout(evaluation: Evaluation | None) -> pd.DataFrame | None:
    """Log and give the table of our forecast beside the baselines, on the holdout."""
    if evaluation is None or evaluation.test.split != "holdout":
        return None
    judged = evaluation.test
    table = compare(judged.customers, judged.labels, judged.laws)
    mlflow.log_text(table.to_csv(index=False), "holdout_baselines.csv")
    log_scores("holdout", table.drop(columns=["origin", "model"]).iloc[0].to_dict())
    return table
