"""The content of a training's report, apart from how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from training.evaluation.cumulative_gains import gain_table
from training.evaluation.evaluation import Evaluation, JudgedOrigin
from training.evaluation.feature_importance import family_table
from training.evaluation.origin_scores import compare_losses, score_origins
from training.evaluation.pit_histograms import OF_LAW, OF_RETURN, pit_scores, pit_table
from training.evaluation.reliability import reliability_errors, reliability_table
from training.evaluation.sample_customers import sample_laws, sample_windows
from training.evaluation.segments import frequency_table, segment_table
from training.report.report_plots import (
    difference_plot,
    gain_plot,
    importance_plot,
    pit_plot,
    reliability_plot,
    samples_plot,
    segment_plot,
)
from training.report.report_tables import (
    ReportTable,
    format_differences,
    format_errors,
    format_features,
    format_gains,
    format_groups,
    format_pit_scores,
    format_samples,
    format_scores,
)
from training.report.summary import list_unknowns, summarise_evaluation


@dataclass(frozen=True)
class Plot:
    """A figure of the report, with a text for readers who cannot see it.

    Attributes
    ----------
    figure : Figure
        The figure.
    alt : str
        What it shows.
    """

    figure: Figure
    alt: str


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Attributes
    ----------
    name : str
        Anchor in the page.
    title : str
        Heading.
    look_for : str
        What a reader should look for in the plots and tables.
    plots : dict of str to Plot
        By the name of the file that MLflow keeps.
    tables : sequence of ReportTable
        Shown below the plots.
    """

    name: str
    title: str
    look_for: str
    plots: Mapping[str, Plot] = field(default_factory=dict)
    tables: Sequence[ReportTable] = ()


@dataclass(frozen=True)
class ReportCurrency:
    """The shop's currency, and the decimals of its minor unit.

    Attributes
    ----------
    currency : str
        ISO code.
    digits : int
        Decimals; 2 for cents.
    """

    currency: str
    digits: int


@dataclass(frozen=True)
class ModelReport:
    """The report's texts and sections, in the order in which they are read.

    Attributes
    ----------
    title, lead : str
        The question that the models answer, and what kind of answer the report is.
    summary : sequence of str
        What was predicted and how well, in sentences.
    unknown : sequence of str
        What the figures do not show, in sentences.
    sections : sequence of Section
        Plots and tables.
    """

    title: str
    lead: str
    summary: Sequence[str]
    unknown: Sequence[str]
    sections: Sequence[Section]


def make_report(
    evaluation: Evaluation, importance: pd.DataFrame, money: ReportCurrency
) -> ModelReport:
    """Make the report of a training of churn and timing.

    Parameters
    ----------
    evaluation : Evaluation
        Forecasts and outcomes at the judged origins.
    importance : DataFrame
        From `training.evaluation.feature_importance.importance_table`, of the registered models.
    money : ReportCurrency
        The shop's currency.

    Returns
    -------
    ModelReport
    """
    judged = evaluation.test
    differences, pit = compare_losses(evaluation), pit_scores(judged)
    sections = [
        _comparison(evaluation, differences),
        _reliability(judged),
        _gain(judged),
        _pit(judged, pit),
        _samples(judged),
        _segments(judged, money),
    ]
    if len(importance):
        sections.append(_importance(importance))
    return ModelReport(
        "who buys again, and when",
        "How good the predictions are, on purchases that the models had not seen.",
        summarise_evaluation(evaluation, differences, pit),
        list_unknowns(evaluation),
        sections,
    )


def _comparison(evaluation: Evaluation, differences: pd.DataFrame) -> Section:
    several = len(evaluation.origins) > 1
    about_valid = (
        " Settings were chosen on the earlier origin, so that it flatters us a little; the last "
        "one was looked at once."
    )
    return Section(
        "comparison",
        "Against every baseline",
        "CRPS is the error of the whole forecast, in days; log-loss that of the chance to buy "
        f"within {evaluation.test.horizon_days} days. Left of 0 our error is the smaller. Lines "
        "are 95 % intervals of a paired bootstrap over customers; where one crosses 0 the marker "
        "is hollow and the two are not distinguishable." + (about_valid if several else ""),
        {
            "difference": Plot(
                difference_plot(differences), "Our error against each rival's, with intervals"
            )
        },
        [
            *(
                format_differences(of_loss)
                for _, of_loss in differences.groupby("loss", sort=False)
            ),
            format_scores(score_origins(evaluation)),
        ],
    )


def _reliability(judged: JudgedOrigin) -> Section:
    return Section(
        "reliability",
        "Reliability by horizon",
        "Of customers given a chance of 30 %, did 30 % buy? Points on the grey line: yes. Above "
        "it more bought than predicted, below it fewer. Each point is a tenth of the customers; "
        "bars are 95 % intervals of our observed shares. The table sums up the distance from "
        "the line.",
        {
            "reliability": Plot(
                reliability_plot(reliability_table(judged)),
                "Observed against predicted shares of buyers, by horizon and model",
            )
        },
        [format_errors(reliability_errors(judged))],
    )


def _gain(judged: JudgedOrigin) -> Section:
    days = judged.horizon_days
    table = gain_table(judged, days)
    return Section(
        "gain",
        "Cumulative gain and lift",
        "If only some customers can be asked, the likeliest first: how many of all buyers are "
        "among them, and how many times as many as among customers drawn at random? Higher is "
        "better; the grey line is chance.",
        {"gain": Plot(gain_plot(table, days), "Gain and lift by share of customers asked")},
        [format_gains(table)],
    )


def _pit(judged: JudgedOrigin, scores: pd.DataFrame) -> Section:
    table = pit_table(judged)
    names = {OF_RETURN: "pit_given_return", OF_LAW: "pit_whole_law"}
    plots = {
        names[law]: Plot(pit_plot(table, law), f"PIT histograms, {law}, a panel per model")
        for law in table["law"].unique()
    }
    return Section(
        "pit",
        "Is the timing calibrated? (PIT)",
        "If a forecast is right, outcomes fall evenly over their predicted law: flat bars at the "
        "dashed line. A hill says that the windows are too wide, a valley too narrow, a slope "
        "that customers come earlier (left) or later (right) than said. First the day of those "
        "who came back, given that they did; then the whole law of everybody, where no purchase "
        "within the horizon is spread evenly over what is left.",
        plots,
        [format_pit_scores(scores)],
    )


def _samples(judged: JudgedOrigin) -> Section:
    windows = sample_windows(judged)
    return Section(
        "customers",
        "A few customers",
        "Chosen by their chance to buy, from the very likely to the unlikely; letters stand for "
        "customers, and no id is in this report. Left: the chance to have bought, day by day. "
        "Right: if they come back, when; thick bars hold half of the chance, thin ones 80 %, the "
        "dot is the median. A triangle marks the day on which the customer did buy.",
        {
            "customers": Plot(
                samples_plot(sample_laws(judged), windows),
                "Chance to buy by day, and windows given a return, for some customers",
            )
        },
        [format_samples(windows, judged.horizon_days)],
    )


def _segments(judged: JudgedOrigin, money: ReportCurrency) -> Section:
    table = segment_table(judged)
    days = judged.horizon_days
    return Section(
        "segments",
        "RFM segments",
        "Segments by recency, frequency and money. Where the blue dot lies in the orange band, "
        "prediction and observation agree within chance. Spend is per customer of the segment, "
        f"within {days} days, those who bought nothing included.",
        {
            "segments": Plot(
                segment_plot(table, days), "Predicted and observed shares of buyers, by segment"
            )
        },
        [
            format_groups(table, "segment", days, money.currency, money.digits),
            format_groups(
                frequency_table(judged),
                "repeat purchases",
                days,
                money.currency,
                money.digits,
            ),
        ],
    )


def _importance(importance: pd.DataFrame) -> Section:
    families = family_table(importance)
    return Section(
        "importance",
        "What the models read",
        "Both models start from BG/NBD, which reads frequency, recency and age alone, and correct "
        "it with LightGBM. Shown is what its splits on each family of features gained, in % of "
        "all: how much the corrections lean on it, not what causes a purchase.",
        {"importance": Plot(importance_plot(families), "Share of gain by family of features")},
        [format_features(importance)],
    )
