"""Reports and pages of made-up importance and origins."""

import pandas as pd

from training.report.report_content import ModelReport
from training.report.report_page import ReportHeader, render_page

IMPORTANCE = pd.DataFrame(
    {
        "model": ["churn", "repurchase-timing"],
        "feature": ["frequency", "gap_median"],
        "description": ["repeat purchase days", "median gap"],
        "family": ["RFM", "rhythm"],
        "share": [1.0, 1.0],
    }
)


def render(report: ModelReport, shop: str = "my shop", simulated: bool = False) -> str:
    """Render a report as the page of a shop."""
    facts = {"Models know until": "2025-04-01", "Currency": "EUR"}
    return render_page(report, ReportHeader(shop, simulated, facts, {"churn": "8"}))
