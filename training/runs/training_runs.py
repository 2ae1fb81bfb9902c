"""Opens MLflow runs, and logs to them what every training writes down."""

import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import Model as MlflowModel
from mlflow.models import infer_signature
from numpy.typing import NDArray

from features.arrays import Floats
from features.builds.shop_catalog import read_vocabulary
from features.log.log import Log
from features.windows import to_datetime
from models.artefact import MANIFEST, make_head, save_artefact
from models.kinds import Model, ModelKind
from models.purchase.slices import Slices
from training.runs.candidates import Candidate, Judgement
from training.runs.run_plots import calibration_plot, lift_plot

SEED = 20  # of every model, search and interval that a training registers

_MODEL_FOLDER = "model"


def open_experiment(log: Log) -> None:
    """Point MLflow at the shop's own database and experiment; both are created if missing.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    """
    workspace = log.shop.workspace
    workspace.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(log.shop.tracking_uri)
    os.environ.pop("MLFLOW_RUN_ID", None)  # MLflow would go on with that run in place of a new one
    name = log.shop.section.name
    if mlflow.get_experiment_by_name(name) is None:
        mlflow.create_experiment(name, artifact_location=(workspace / "artifacts").as_uri())
    mlflow.set_experiment(name)


@contextmanager
def training_run(log: Log, name: str, cutoff: int, flags: Mapping[str, Any]) -> Iterator[None]:
    """Open an MLflow run that states its data, its cutoff and all its settings.

    An exception inside marks the run as failed and is raised on.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    name : str
        Name of the run.
    cutoff : int
        Last instant that the run's models know (UTC microseconds).
    flags : dict of str to value
        Settings of the run, logged as parameters.
    """
    with mlflow.start_run(run_name=name, nested=True):
        mlflow.set_tag("simulated", str(log.shop.section.simulated).lower())
        mlflow.log_params(
            {
                "cutoff": to_datetime(cutoff).isoformat(),
                "observed_until": to_datetime(log.observed_until).isoformat(),
                "horizon_days": log.shop.section.horizon_days,
                "settle_days": log.shop.section.settle_days,
                **flags,
            }
        )
        mlflow.log_text(log.fingerprint().replace(" ", "\n") + "\n", "data_fingerprint.txt")
        yield


def log_scores(split: str, scores: Mapping[str, float]) -> None:
    """Log the scores of one split to the active run as metrics `<split>.<name>`.

    Parameters
    ----------
    split : str
        Name of the split; characters that MLflow refuses become `_`.
    scores : dict of str to float
        By metric; what is not finite, and so not defined there, is left out.
    """
    safe = re.sub(r"[^\w\-. :/]", "_", split)  # what MLflow takes: channels are free names
    mlflow.log_metrics({f"{safe}.{name}": v for name, v in scores.items() if math.isfinite(v)})


def log_plots(
    split: str, outcome: NDArray[np.bool_], laws: Mapping[str, Floats], title: str
) -> None:
    """Log the calibration and gain plots of one split, several models beside each other.

    Parameters
    ----------
    split : str
        Name of the split.
    outcome : bool array (n,)
        What happened.
    laws : dict of str to array (n,)
        By model, the predicted probability of it.
    title : str
        Title of both plots.
    """
    shown = f"{title} ({split})"
    mlflow.log_figure(calibration_plot(outcome, laws, shown), f"{split}_calibration.png")
    mlflow.log_figure(lift_plot(outcome, laws, shown), f"{split}_lift.png")


def slice_parameters(slices: Slices) -> dict[str, str]:
    """Return the run's parameter that says which slices a model is fitted on.

    Parameters
    ----------
    slices : Slices
        Features and labels that the model learns from.

    Returns
    -------
    dict of str to str
        `slices`: days of the slices' cutoffs.
    """
    cutoffs = slices.frame["cutoff"].drop_duplicates()
    return {"slices": ", ".join(f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs)}


def log_candidate(
    log: Log,
    kind: ModelKind,
    model: Model,
    cutoff: int,
    example: tuple[pd.DataFrame, pd.DataFrame],
    judgement: Judgement,
) -> Candidate:
    """Log a fitted model's artefact, features and signature to the active run.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    kind : ModelKind
        The model's registered name.
    model : Model
        The fitted model.
    cutoff : int
        Last instant that the model knows (UTC microseconds).
    example : pair of DataFrame
        A few rows of the model's inputs and of its outputs; only their types are kept.
    judgement : Judgement
        How it did on outcomes that it had not seen.

    Returns
    -------
    Candidate
        Ready to be registered.
    """
    head = make_head(
        kind,
        model,
        shop=log.shop.section.name,
        currency=log.shop.section.currency,
        cutoff=to_datetime(cutoff).isoformat(),
        vocabulary=read_vocabulary(log, cutoff),
    )
    mlflow.log_dict(dict(head.features), "features.json")
    inputs, outputs = example
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / _MODEL_FOLDER
        sha256 = save_artefact(head, model, folder)
        flavors = {"nextbuy": {"kind": kind, "artefact": MANIFEST}}
        signature = infer_signature(inputs[list(model.inputs)], outputs)
        MlflowModel(flavors=flavors, signature=signature).save(folder / "MLmodel")
        mlflow.log_artifacts(str(folder), _MODEL_FOLDER)
    run = mlflow.active_run()
    assert run is not None  # artefacts were just logged to it
    return Candidate(
        head,
        model,
        run.info.run_id,
        mlflow.get_artifact_uri(_MODEL_FOLDER),
        sha256,
        judgement,
    )
