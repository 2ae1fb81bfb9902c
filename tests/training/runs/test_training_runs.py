"""What a training logs to its MLflow run."""

from urllib.parse import urlparse

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from models.purchase.slices import Slices
from models.registry import CHAMPION
from training.runs.training_runs import log_scores, slice_parameters


def test_the_signature_names_what_the_model_reads_and_gives(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    version = client.get_model_version_by_alias("churn", CHAMPION)
    path = urlparse(version.source).path
    info = mlflow.models.Model.load(f"{path}/MLmodel")
    read = simulated.champions.churn.inputs
    assert info.signature.inputs.input_names() == list(read)
    assert info.signature.outputs.input_names() == ["p_churn"]


def test_scores_that_are_not_defined_are_left_out_and_names_are_made_safe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: dict[str, float] = {}
    monkeypatch.setattr(mlflow, "log_metrics", logged.update)
    log_scores("holdout.push+", {"auc": float("nan"), "brier": 0.2})
    assert logged == {"holdout.push_.brier": 0.2}


def test_a_run_names_the_days_of_its_slices() -> None:
    cutoffs = pd.to_datetime(["2024-01-31", "2024-01-31", "2024-02-28"], utc=True)
    frame = pd.DataFrame({"cutoff": cutoffs})
    slices = Slices(0, 90, frame, frame, frame, {})
    assert slice_parameters(slices) == {"slices": "2024-01-31, 2024-02-28"}
