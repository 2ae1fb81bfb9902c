"""Tables of the report."""

import pandas as pd

from training.evaluation.pit_histograms import OF_LAW
from training.metrics.probabilities import OURS
from training.report.report_content import ModelReport
from training.report.report_tables import (
    NOT_DISTINGUISHABLE,
    format_differences,
    format_features,
    format_pit_scores,
    format_scores,
)


def test_money_is_in_units_of_the_currency(report: ModelReport) -> None:
    (segments,) = [s for s in report.sections if s.name == "segments"]
    spend = [row[-1] for row in segments.tables[0].rows]
    assert all(0 < float(text) < 10.01 for text in spend)  # 1000 minor units each


def test_a_difference_shows_its_interval_and_whether_it_is_told_from_chance() -> None:
    differences = pd.DataFrame(
        {
            "loss": "CRPS",
            "origin": "2025-04-01",
            "rival": ["BG/NBD", "base rate"],
            "percent": [-0.5, -8.0],
            "low": [-1.5, -9.0],
            "high": [0.5, -7.0],
            "distinguishable": [False, True],
        }
    )
    table = format_differences(differences)
    assert table.headings == ["rival", "2025-04-01"]
    near, far = (row[1] for row in table.rows)
    assert near.endswith(NOT_DISTINGUISHABLE)
    assert NOT_DISTINGUISHABLE not in far
    assert far.count("\N{MINUS SIGN}") == 3


def test_our_rows_are_strong_and_undefined_scores_are_dashes() -> None:
    scores = pd.DataFrame(
        {"origin": "2025-04-01", "split": "holdout", "model": ["base rate", OURS], "crps": 9.0}
    )
    for name in ("auc", "log_loss", "brier", "ece", "lift10"):
        scores[f"{name}_60d"] = [float("nan"), 0.5]
    table = format_scores(scores)
    assert table.strong == {1}
    assert table.headings[4] == "AUC 60 d"
    assert set(table.rows[0][4:]) == {"\N{EN DASH}"}


def test_features_are_listed_by_their_mean_share_of_both_models() -> None:
    importance = pd.DataFrame(
        {
            "model": ["churn", "churn", "timing"],
            "feature": ["T", "recency", "recency"],
            "description": ["age", "age at last purchase", "age at last purchase"],
            "family": "RFM",
            "share": [0.6, 0.4, 1.0],
        }
    )
    table = format_features(importance)
    assert table.headings == ["feature", "what it is", "family", "churn", "timing"]
    assert [row[0] for row in table.rows] == ["recency", "T"]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in table.rows[1][3:]] == [
        "60.0 %", "0.0 %",
    ]  # fmt: skip


def test_a_law_without_any_return_has_a_dash_for_the_window() -> None:
    scores = pd.DataFrame(
        {"model": [OURS], "law": [OF_LAW], "in_window_80": [0.8], "largest_deviation": [0.012]}
    )
    (row,) = format_pit_scores(scores).rows
    assert row == [OURS, "\N{EN DASH}", "\N{EN DASH}", "1.2"]
