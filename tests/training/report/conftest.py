"""Reports that several tests read."""

import pytest

from tests.training.made_reports import IMPORTANCE, render
from training.evaluation.evaluation import Evaluation
from training.report.report_content import ModelReport, ReportCurrency, make_report


@pytest.fixture(scope="module")
def report(evaluation: Evaluation) -> ModelReport:
    return make_report(evaluation, IMPORTANCE, ReportCurrency("EUR", 2))


@pytest.fixture(scope="module")
def html(report: ModelReport) -> str:
    return render(report)
