"""Studies contact policies on a shop's messages, and keeps the study as an MLflow run."""

from collections.abc import Callable

import mlflow
import pandas as pd

from features.builds.shop_catalog import read_catalog
from features.log.log import Log
from features.windows import DAY, to_datetime
from models.channel.message_value import MessageValue
from training.channel.attribution import attribute_orders
from training.channel.draws.send_situations import options_of
from training.channel.job import (
    check_messages,
    fit_channel_model,
    log_findings,
    select_channel_features,
)
from training.channel.message_rows import LEARN_DAYS, make_message_rows
from training.channel.policies import ClusterFolds, arms_of, cross_fit
from training.channel.study import PolicyStudy, study_policies
from training.report.policy_report import make_policy_report
from training.report.report_content import ReportCurrency
from training.report.report_page import ReportHeader, render_page
from training.runs.training_runs import SEED, log_scores, open_experiment, training_run

POLICY_PAGE = "policy.html"
POLICY_STEPS = 3


def run_policy_study(
    log: Log, cutoff: int | None, progress: Callable[[str], None]
) -> tuple[PolicyStudy, str]:
    """Study contact policies on the messages of the year before a cutoff, as one MLflow run.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int or None
        Last instant known (UTC microseconds); None takes the end of the data.
    progress : callable
        Called with the name of each of the `POLICY_STEPS` finished steps.

    Returns
    -------
    study : PolicyStudy
        Values, gains and calibration of the compared policies.
    page : str
        The study's report as one HTML page.

    Raises
    ------
    InputError
        The shop gives no messages, too few of them, or none through a channel.
    """
    until = log.observed_until if cutoff is None else cutoff
    check_messages(log, until)
    channels = log.shop.channels
    open_experiment(log)
    with training_run(log, "policy", until, {"window_days": channels.window_days}):
        catalog = select_channel_features(read_catalog(log, until))
        since = until - LEARN_DAYS * DAY
        messages = make_message_rows(log, catalog, since, until, channels.window_days, until)
        rows = messages.rows
        log_findings(messages.findings)
        progress("messages")
        options = options_of(rows, arms_of(rows))
        progress("eligibility")
        worth, folds = MessageValue.of_shop(log.shop), ClusterFolds(seed=SEED)
        unseen = cross_fit(
            rows,
            lambda part: fit_channel_model(part, channels.window_days, catalog),
            options,
            worth,
            channels.default_order,
            folds=folds,
        )
        study = study_policies(rows, unseen, options, worth, reasons=catalog.numbers, folds=folds)
        progress("policies")
        attributed = attribute_orders(log, since, until, channels.window_days)
        page = _keep(log, study, attributed, until)
    return study, page


def _keep(log: Log, study: PolicyStudy, attributed: pd.DataFrame, until: int) -> str:
    """Log the study's figures, plots and page to the active run, and return the page."""
    section = log.shop.section
    money = ReportCurrency(section.currency, log.shop.minor_digits)
    report = make_policy_report(study, attributed, log.shop.channels.window_days, money)
    facts = {
        "Data known until": f"{to_datetime(until).astimezone(log.shop.timezone):%Y-%m-%d %H:%M}",
        "Messages": f"{study.sends:,} of a year, {study.judged:,} of them judged",
        "Conversion": f"a purchase within {log.shop.channels.window_days} days, by any way",
    }
    for row in study.gains.to_dict("records"):
        log_scores(f"gain.{row['policy']}", {k: float(row[k]) for k in ("gain", "low", "high")})
    for part in report.sections:
        for name, plot in part.plots.items():
            mlflow.log_figure(plot.figure, f"policy/{name}.png")
    page = render_page(report, ReportHeader(section.name, section.simulated, facts, {}))
    mlflow.log_text(page, POLICY_PAGE)
    return page
