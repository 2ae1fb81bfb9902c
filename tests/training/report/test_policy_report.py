"""The report of a policy study."""

import pandas as pd

from training.channel.policies import NONE
from training.channel.study import PolicyStudy
from training.report.policy_report import make_policy_report
from training.report.report_content import ReportCurrency


def test_the_report_says_what_was_found(study: PolicyStudy, confounded: PolicyStudy) -> None:
    money = ReportCurrency("EUR", 2)
    attributed = pd.DataFrame(
        {"channel": ["email"], "messages": [9], "orders": [2], "amount": [300.0]}
    )
    clear = make_policy_report(study, attributed, 7, money)
    assert any("15,000 of 15,000 decisions" in s for s in clear.summary)
    parts = ["values", "gains", "uplift", "calibration", "attributed"]
    assert [s.name for s in clear.sections] == parts
    unclear = make_policy_report(confounded, attributed, 7, money)
    assert unclear.summary[0].startswith("Confounded")
    assert [s.name for s in unclear.sections] == [p for p in parts if p != "uplift"]
    words = " ".join([*unclear.summary, *(s.look_for for s in unclear.sections)])
    assert "because" not in words


def test_the_report_says_of_which_policy_nothing_is_known(unknown: PolicyStudy) -> None:
    money = ReportCurrency("EUR", 2)
    attributed = pd.DataFrame(columns=["channel", "messages", "orders", "amount"])
    report = make_policy_report(unknown, attributed, 7, money)
    values, gains = (section.tables[0].rows for section in report.sections[:2])
    (value,) = [row for row in values if row[0] == NONE]
    assert value[1:] == ["not known", "not known", "not known", "0", "", "0 %"]
    (gain,) = [row for row in gains if row[0] == NONE]
    assert gain[1:] == ["", "", "not known: none of its arms was drawn"]
    assert not any("nan" in cell for row in [*values, *gains] for cell in row)
