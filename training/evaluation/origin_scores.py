"""Scores every model at every origin, and compares our loss with every rival's."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from features.arrays import Floats
from models.crps import crps_by_customer
from training.evaluation.evaluation import Evaluation, JudgedOrigin
from training.metrics.bootstrap import DRAWS, paired_differences
from training.metrics.probabilities import OURS, log_loss_by_row, score_law

LossFunction = Callable[[JudgedOrigin, Floats], Floats]

ALL_ORIGINS = "all origins"
LOSSES: dict[str, LossFunction] = {
    "CRPS": lambda judged, law: crps_by_customer(judged.days_to_next, law),
    "log-loss": lambda judged, law: log_loss_by_row(
        judged.bought_within(judged.horizon_days), law[:, -1]
    ),
}


def score_origins(evaluation: Evaluation) -> pd.DataFrame:
    """Score every model at every origin.

    Parameters
    ----------
    evaluation : Evaluation
        Forecasts and outcomes of a training.

    Returns
    -------
    DataFrame
        One row per (origin, model): `origin` (its day), `split, customers, model` and the columns
        of `training.metrics.probabilities.score_law`.
    """
    rows = [
        {"origin": name_origin(judged), "split": judged.split, "customers": len(judged.labels)}
        | {"model": model}
        | score_law(judged.labels, law)
        for judged in evaluation.origins
        for model, law in judged.laws.items()
    ]
    return pd.DataFrame(rows)


def compare_losses(evaluation: Evaluation, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Compare our losses with every rival's, paired by customer.

    Parameters
    ----------
    evaluation : Evaluation
        Forecasts and outcomes of a training.
    draws : int
        Bootstrap draws behind the intervals.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        One row per (loss, origin, rival), and where there are several origins all of them
        together: `loss, origin, rival`, `percent` (ours less the rival's, in % of the rival's),
        `low, high` (95 % interval), `distinguishable`. Below 0 % ours is the smaller loss.
    """
    groups = {name_origin(judged): [judged] for judged in evaluation.origins}
    if len(groups) > 1:
        groups[ALL_ORIGINS] = list(evaluation.origins)
    rows = []
    for loss in LOSSES:
        for origin, members in groups.items():
            rows += _compare(loss, members, evaluation.rivals, draws, seed, origin)
    return pd.DataFrame(rows)


def name_origin(judged: JudgedOrigin) -> str:
    """Name an origin by the day of its cutoff, as YYYY-MM-DD.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    str
    """
    return f"{judged.cutoff:%Y-%m-%d}"


def _compare(
    loss: str,
    members: Sequence[JudgedOrigin],
    rivals: Sequence[str],
    draws: int,
    seed: int,
    origin: str,
) -> list[dict[str, object]]:
    def losses(model: str) -> Floats:
        return np.concatenate([LOSSES[loss](judged, judged.laws[model]) for judged in members])

    customer = np.concatenate([judged.customers["customer_id"] for judged in members])
    by_rival = paired_differences(
        losses(OURS), {name: losses(name) for name in rivals}, customer, draws=draws, seed=seed
    )
    return [
        {"loss": loss, "origin": origin, "rival": rival} | difference.row
        for rival, difference in by_rival.items()
    ]
