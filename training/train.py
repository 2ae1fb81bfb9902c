"""One training: every model asked for, at one cutoff, then registered together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlflow
import pandas as pd

from features.faults import refuse
from features.log import Log
from models.artefact import KINDS, Kind
from models.churn import ChurnModel
from models.forecast import make_forecast
from models.timing import TimingModel
from training.backtest import OURS, compare
from training.publish import Candidate, register
from training.runs import log_scores, open_experiment, training_run
from training.study import Study, make_study, resolve_cutoff
from training.train_channel import train_channel
from training.train_churn import train_churn
from training.train_timing import train_timing


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
    """

    cutoff: int
    versions: dict[Kind, str]
    holdout: pd.DataFrame | None


def train(
    log: Log,
    kinds: Sequence[Kind] = (),
    cutoff: int | None = None,
    trials: int = 10,
    progress: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train models at one cutoff and register them as challengers.

    Parameters
    ----------
    kinds : sequence of Kind, optional
        Default: churn and repurchase-timing, and best-channel where the shop gives messages.
    cutoff : int, optional
        Last instant that the models may know; default: the latest with an observed horizon
        after it, so that the last horizon of the data is the holdout.
    trials : int
        Budget of the hyper-parameter search; 0 takes the defaults.

    Raises
    ------
    InputError
        The data cannot support the models at this cutoff. Nothing is registered then.
    """
    kinds = kinds or default_kinds(log)
    _check_tables(log, kinds)
    cutoff = resolve_cutoff(log, cutoff)
    study = make_study(log, cutoff) if set(kinds) - {"best-channel"} else None
    open_experiment(log)
    with training_run(log, "training", cutoff, {"kinds": ", ".join(kinds), "trials": trials}):
        candidates: list[Candidate] = []
        if study is not None and "churn" in kinds:
            candidates.append(train_churn(log, study, trials, progress))
        if study is not None and "repurchase-timing" in kinds:
            candidates.append(train_timing(log, study, progress))
        if "best-channel" in kinds:
            candidates.append(train_channel(log, cutoff, progress))
        holdout = _compare_on_holdout(study, candidates)
    return Trained(cutoff, register(log.shop.tracking_uri, candidates), holdout)


def default_kinds(log: Log) -> list[Kind]:
    """List the models that the shop's tables support."""
    return [kind for kind in KINDS if kind != "best-channel" or "messages" in log.provided]


def _check_tables(log: Log, kinds: Sequence[Kind]) -> None:
    if "best-channel" in kinds and "messages" not in log.provided:
        raise refuse(
            "tables.messages",
            "the shop's messages, to learn best-channel from",
            "no such table in nextbuy.toml",
            "Add [tables.messages], or train churn and repurchase-timing only.",
        )


def _compare_on_holdout(
    study: Study | None, candidates: Sequence[Candidate]
) -> pd.DataFrame | None:
    """Log and give the table of our forecast beside the baselines, on the holdout."""
    models = {candidate.head.kind: candidate.model for candidate in candidates}
    churn, timing = models.get("churn"), models.get("repurchase-timing")
    if study is None or study.holdout is None:
        return None
    if not isinstance(churn, ChurnModel) or not isinstance(timing, TimingModel):
        return None
    origin = study.holdout
    ours = make_forecast(churn, timing, origin.population).within[:, : churn.horizon_days + 1]
    table = compare(origin.population, origin.labels, {OURS: ours} | origin.baseline_laws)
    mlflow.log_text(table.to_csv(index=False), "holdout_baselines.csv")
    log_scores("holdout", table.drop(columns=["origin", "model"]).iloc[0].to_dict())
    return table
