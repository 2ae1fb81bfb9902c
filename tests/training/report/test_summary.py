"""The report in sentences."""

from training.evaluation.evaluation import Evaluation
from training.report.report_content import ModelReport
from training.report.summary import list_unknowns


def test_the_summary_says_whom_when_how_many_and_how_well(report: ModelReport) -> None:
    text = " ".join(report.summary)
    assert "600 customers" in text
    assert "within 60 days (until 2025-05-31)" in text
    assert "(CRPS) was smaller than that of every one of the 2 simple rivals" in text
    assert "in the window that should hold 80 %" in text


def test_models_for_production_are_said_to_be_judged_one_horizon_earlier(
    evaluation: Evaluation,
) -> None:
    assert "fitted one horizon earlier" not in list_unknowns(evaluation)[0]
    production = Evaluation(evaluation.origins[:1])
    assert "fitted one horizon earlier" in list_unknowns(production)[0]
