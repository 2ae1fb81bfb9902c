"""Defines the timing job: how the time of the next purchase is scored, given a return.

It is scored and judged as churn is, on the customers who returned.
"""

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from models.crps import crps, crps_by_customer
from models.purchase.timing import TimingModel
from models.purchase.timing_fit import pooled_law_given_return
from training.metrics.probabilities import OURS, central_window_coverage, frequency_buckets
from training.purchase.job import PurchaseJob
from training.purchase.recipes import TIMING
from training.purchase.study import Origin
from training.runs.candidates import Judgement
from training.runs.training_runs import log_plots, log_scores


def _log_scores(model: TimingModel, origin: Origin) -> None:
    """Score the law given a return, on those who returned."""
    population, labels = _returners(origin)
    if len(labels) == 0:
        return
    law, days = model.given_return(population), labels["days_to_next"].to_numpy()
    log_scores(origin.split, _score(days, law))
    for bucket, rows in frequency_buckets(population["frequency"].to_numpy()).items():
        log_scores(f"{origin.split}.frequency_{bucket}", _score(days[rows], law[rows]))


def _score(days: NDArray[np.int_], law: Floats) -> dict[str, float]:
    shares = {
        f"in_window_{share}": central_window_coverage(days, law, share / 100) for share in (50, 80)
    }
    return {"crps": crps(days, law), **shares}


def _judge(model: TimingModel, test: Origin) -> Judgement:
    """Judge against the pooled law of earlier returners, and log BG/NBD's score too."""
    population, labels = _returners(test)
    days = labels["days_to_next"].to_numpy()
    alone = msgspec.structs.replace(model, booster=None, seasons=[], pooled=[])
    pooled = pooled_law_given_return(test.slices.labels, model.horizon_days)
    laws = {
        OURS: model.given_return(population),
        "BG/NBD": alone.given_return(population),
        "pooled": np.tile(pooled, (len(days), 1)),
    }
    scores = {name: crps_by_customer(days, law) for name, law in laws.items()}
    if len(days):
        means = {"bg_nbd": scores["BG/NBD"].mean(), "pooled": scores["pooled"].mean()}
        log_scores(test.split, {f"crps_of_{name}": float(v) for name, v in means.items()})
        soon = max(1, model.horizon_days // 3)
        p_soon = {name: law[:, soon] for name, law in laws.items()}
        log_plots(test.split, days <= soon, p_soon, f"Back within {soon} days, given a return")
    return Judgement.of(scores[OURS], scores["pooled"])


def _returners(origin: Origin) -> tuple[pd.DataFrame, pd.DataFrame]:
    returned = origin.labels["returned"]
    return origin.population[returned], origin.labels[returned]


def _predict(model: TimingModel, rows: pd.DataFrame) -> pd.DataFrame:
    law = model.given_return(rows)
    return pd.DataFrame(law, columns=[f"given_return_{h}d" for h in range(law.shape[1])])


TIMING_JOB = PurchaseJob(TIMING, _log_scores, _judge, _predict)
