"""Compares our forecast with the baselines: scores by origin and frequency, and differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mlflow
import pandas as pd

from features.arrays import Floats
from training.metrics.bootstrap import paired_differences
from training.metrics.probabilities import (
    ALL_CUSTOMERS,
    OURS,
    frequency_buckets,
    losses_by_customer,
    score_losses,
)
from training.runs.training_runs import log_scores

_KEYS = ["origin", "frequency", "model"]


@dataclass(frozen=True)
class BacktestComparison:
    """Scores of our forecast and every baseline, at one origin or many.

    Attributes
    ----------
    scores : DataFrame
        One row per (origin, frequency, model): `origin` (UTC), `frequency` (`all`, or a bucket
        of `training.metrics.probabilities.frequency_buckets`), `model`, `customers`, and the
        columns of `training.metrics.probabilities.score_losses`.
    differences : DataFrame
        One row per rival: `rival`, `percent` (our CRPS less the rival's, in % of the rival's),
        `low, high` (its 95 % interval over customers with all their origins), `distinguishable`.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame

    @property
    def pooled(self) -> pd.DataFrame:
        """Mean scores over the origins, weighted by customers.

        One row per (frequency, model): `frequency, model, customers` and the metrics of `scores`.
        For CRPS, log-loss and Brier that is the mean over all rows; an AUC or a calibration error
        compares customers of the same origin only. Where a score is not defined at an origin, it
        is the mean of the others.
        """
        metrics = self.scores.columns.drop([*_KEYS, "customers"])
        rows = []
        for (frequency, model), part in self.scores.groupby(["frequency", "model"], sort=False):
            weights = part[metrics].notna().mul(part["customers"], axis=0)
            means = (part[metrics].fillna(0) * weights).sum() / weights.sum()
            about = {"frequency": frequency, "model": model, "customers": part["customers"].sum()}
            rows.append(about | means.to_dict())
        return pd.DataFrame(rows)


def score_models(
    population: pd.DataFrame, labels: pd.DataFrame, laws: Mapping[str, Floats]
) -> pd.DataFrame:
    """Score the forecasts of several models for the same customers.

    Parameters
    ----------
    population : DataFrame
        One row per customer (n rows); `cutoff` is read.
    labels : DataFrame
        Row by row with `population`, from `training.labels.make_labels`.
    laws : dict of str to array (n, H + 1)
        By model, P(next purchase within h days) for h = 0..H.

    Returns
    -------
    DataFrame
        One row per model: `origin, customers, model` and the columns of
        `training.metrics.probabilities.score_losses`.
    """
    about = {"origin": population["cutoff"].iloc[0], "customers": len(population)}
    return pd.DataFrame(
        [
            about | {"model": name} | score_losses(losses_by_customer(labels, law))
            for name, law in laws.items()
        ]
    )


def compare_at_origins(
    origins: Sequence[datetime], losses: Sequence[pd.DataFrame]
) -> BacktestComparison:
    """Score the losses of each origin, and compare ours with each rival's over all origins.

    Parameters
    ----------
    origins : sequence of datetime
        The judged cutoffs, in UTC.
    losses : sequence of DataFrame
        Per origin, a row per (model, customer), the customers of each model in the same order:
        `customer_id, frequency, model` and the columns of
        `training.metrics.probabilities.losses_by_customer`.

    Returns
    -------
    BacktestComparison
    """
    rows = [
        {"origin": origin, **row}
        for origin, part in zip(origins, losses, strict=True)
        for row in _score(part)
    ]
    together = pd.concat(losses, ignore_index=True)
    by_model = {str(name): part for name, part in together.groupby("model", sort=False)}
    ours = by_model.pop(OURS)
    by_rival = paired_differences(
        ours["crps"], {name: part["crps"] for name, part in by_model.items()}, ours["customer_id"]
    )
    differences = [{"rival": rival} | difference.row for rival, difference in by_rival.items()]
    return BacktestComparison(pd.DataFrame(rows), pd.DataFrame(differences))


def log_comparison(result: BacktestComparison) -> None:
    """Log a comparison to the active MLflow run: tables as CSV, scores and differences as metrics.

    Parameters
    ----------
    result : BacktestComparison
        Of its scores, only ours become metrics.
    """
    pooled = result.pooled
    for name, table in {
        "backtest": result.scores,
        "backtest_pooled": pooled,
        "backtest_differences": result.differences,
    }.items():
        mlflow.log_text(table.to_csv(index=False), f"{name}.csv")
    metrics = pooled.columns.drop(["frequency", "model"])
    for row in pooled[pooled["model"] == OURS].to_dict("records"):
        part = "" if row["frequency"] == ALL_CUSTOMERS else f".frequency_{row['frequency']}"
        log_scores(f"backtest{part}", {name: row[name] for name in metrics})
    overall = result.scores[result.scores["frequency"] == ALL_CUSTOMERS]
    for row in overall[overall["model"] == OURS].to_dict("records"):
        log_scores(f"backtest.{row['origin']:%Y-%m-%d}", {name: row[name] for name in metrics})
    for row in result.differences.to_dict("records"):
        against = {name: row[name] for name in ("percent", "low", "high")}
        log_scores(f"backtest.crps_against.{row['rival']}", against)


def _score(losses: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Score each model over all customers of an origin, and by frequency."""
    for model, part in losses.groupby("model", sort=False):
        buckets = frequency_buckets(part["frequency"].to_numpy())
        parts = {ALL_CUSTOMERS: part} | {name: part[rows] for name, rows in buckets.items()}
        for frequency, chosen in parts.items():
            about = {"frequency": frequency, "model": model, "customers": len(chosen)}
            yield about | score_losses(chosen)
