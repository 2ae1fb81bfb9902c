"""Makes the report of a training, logs it to its MLflow run, and fetches it from there."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from features.catalog.dictionary import make_catalog
from features.errors import NextbuyError
from features.log.log import Log
from features.windows import to_datetime
from models.kinds import CHURN, TIMING, ModelKind
from models.registered_version import open_client
from models.registry import read_champion_versions
from training.evaluation.evaluation import Evaluation
from training.evaluation.feature_importance import importance_table
from training.purchase.holes import find_holes
from training.report.report_content import ModelReport, ReportCurrency, make_report
from training.report.report_page import ReportHeader, render_page
from training.runs.candidates import Candidate

REPORT_PAGE = "report.html"
_PAIR: tuple[ModelKind, ModelKind] = (CHURN, TIMING)


def make_training_report(
    log: Log, evaluation: Evaluation, candidates: Sequence[Candidate]
) -> ModelReport:
    """Make the report of the purchase models among the candidates.

    Parameters
    ----------
    log : Log
        The opened event log of one shop; its currency is read.
    evaluation : Evaluation
        Forecasts and outcomes at the judged origins.
    candidates : sequence of Candidate
        The trained models, churn and timing among them.

    Returns
    -------
    ModelReport
    """
    pair = {c.head.kind: c for c in candidates if c.head.kind in _PAIR}
    importance = importance_table(
        {kind: pair[kind].model for kind in _PAIR}, make_catalog(pair["churn"].head.vocabulary)
    )
    return make_report(
        evaluation, importance, ReportCurrency(log.shop.section.currency, log.shop.minor_digits)
    )


def log_report(
    log: Log,
    report: ModelReport,
    evaluation: Evaluation,
    cutoff: int,
    versions: Mapping[ModelKind, str],
) -> None:
    """Log a report's page and plots to the active MLflow run.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    report : ModelReport
        From `make_training_report`.
    evaluation : Evaluation
        Forecasts and outcomes at the judged origins.
    cutoff : int
        Last instant that the models know (UTC microseconds).
    versions : dict of ModelKind to str
        The versions that the run registered.
    """
    section = log.shop.section
    facts = {
        "Data known until": _local(log, log.observed_until),
        "Models know until": _local(log, cutoff),
        "Judged on": _describe_origins(evaluation),
        "Predicted": f"a purchase in any store or sales channel within {section.horizon_days} days",
        "Currency": section.currency,
    }
    holes = find_holes(log, cutoff)
    if holes:
        facts["Left out"] = (
            "windows of which a part has no purchase in the log, as if an export had a hole: "
            f"{' and '.join(map(str, holes))}. Nothing was learned from them."
        )
    pair = {str(kind): versions[kind] for kind in _PAIR}
    header = ReportHeader(section.name, section.simulated, facts, pair)
    for part in report.sections:
        for name, plot in part.plots.items():
            mlflow.log_figure(plot.figure, f"report/{name}.png")
    mlflow.log_text(render_page(report, header), REPORT_PAGE)


def fetch_report(tracking_uri: str, version: str | None = None) -> str:
    """Fetch the report's page of one training.

    Parameters
    ----------
    tracking_uri : str
        MLflow's database.
    version : str, optional
        A version of churn; default: the champions'.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    NextbuyError
        There is no such version; the champions come from two trainings, so that no report
        covers both; the training made none.
    """
    client = open_client(tracking_uri)
    if version is None:
        run_id = _run_of_champions(client, tracking_uri)
    else:
        run_id = _training_run(client, "churn", version)
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = download_artifacts(
                run_id=run_id, artifact_path=REPORT_PAGE, dst_path=folder, tracking_uri=tracking_uri
            )
        except (MlflowException, OSError):
            raise NextbuyError(
                f"the training run {run_id} has no {REPORT_PAGE}: it trained only one of "
                f"{' and '.join(_PAIR)}, or its files were moved. Train both together."
            ) from None
        return Path(path).read_text(encoding="utf-8")


def _run_of_champions(client: MlflowClient, tracking_uri: str) -> str:
    champions = read_champion_versions(tracking_uri)
    missing = [kind for kind in _PAIR if kind not in champions]
    if missing:
        raise NextbuyError(
            f"no champion for {' and '.join(missing)}: promote one with `nextbuy promote`, or "
            "name a version of churn with --version"
        )
    runs = {kind: _training_run(client, kind, champions[kind]) for kind in _PAIR}
    if len(set(runs.values())) > 1:
        named = " and ".join(f"{kind} version {champions[kind]}" for kind in _PAIR)
        raise NextbuyError(
            f"the champions {named} were not trained together, so that no report covers "
            "both. Name a version of churn with --version to see the report of its training."
        )
    return runs["churn"]


def _training_run(client: MlflowClient, kind: ModelKind, version: str) -> str:
    """Find the run of the whole training that a version comes from."""
    try:
        registered = client.get_model_version(kind, version)
        run = client.get_run(str(registered.run_id))
    except MlflowException:
        raise NextbuyError(f"there is no version {version} of {kind} with its run") from None
    return str(run.data.tags.get("mlflow.parentRunId", run.info.run_id))


def _describe_origins(evaluation: Evaluation) -> str:
    return "; ".join(
        f"{len(origin.labels):,} customers from {origin.cutoff:%Y-%m-%d} on ({origin.split})"
        for origin in evaluation.origins
    )


def _local(log: Log, instant: int) -> str:
    local = to_datetime(instant).astimezone(log.shop.timezone)
    return f"{local:%Y-%m-%d %H:%M} ({log.shop.section.timezone})"
