"""Defines the churn job: how the chance to buy again is scored and judged."""

import mlflow
import pandas as pd

from models.purchase.churn import ChurnModel
from training.metrics.probabilities import (
    OURS,
    frequency_buckets,
    log_loss_by_row,
    score_probability,
)
from training.purchase.job import PurchaseJob
from training.purchase.recipes import CHURN
from training.purchase.study import Origin
from training.runs.candidates import Judgement
from training.runs.training_runs import log_plots, log_scores


def _log_scores(model: ChurnModel, origin: Origin) -> None:
    returned = origin.labels["returned"].to_numpy()
    p_return = 1 - model.predict(origin.population)
    log_scores(origin.split, score_probability(returned, p_return))
    for bucket, rows in frequency_buckets(origin.population["frequency"].to_numpy()).items():
        scores = score_probability(returned[rows], p_return[rows])
        log_scores(f"{origin.split}.frequency_{bucket}", scores)


def _judge(model: ChurnModel, test: Origin) -> Judgement:
    """Log plots and the table beside the baselines; judge against the base rate."""
    returned = test.labels["returned"].to_numpy()
    p_return = {OURS: 1 - model.predict(test.population)}
    p_return |= {name: law[:, -1] for name, law in test.baseline_laws.items()}
    rows = [{"model": n} | score_probability(returned, p) for n, p in p_return.items()]
    mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), f"{test.split}_baselines.csv")
    shown = {n: p_return[n] for n in (OURS, "BG/NBD", "LightGBM-RFM")}
    log_plots(test.split, returned, shown, f"Buys within {model.horizon_days} days")
    if model.level == "none":  # no answer states its probabilities, so that none can be wrong
        return Judgement(0.0, 0.0)
    losses = [log_loss_by_row(returned, p_return[name]) for name in (OURS, "base rate")]
    return Judgement.of(*losses)


def _predict(model: ChurnModel, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"p_churn": model.predict(rows)})


CHURN_JOB = PurchaseJob(CHURN, _log_scores, _judge, _predict)
