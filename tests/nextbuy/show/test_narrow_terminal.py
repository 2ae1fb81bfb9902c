"""The tables of the terminal at 80 columns: long values go on in the next line, none is cut."""

import io
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from features.readiness.coverage import Lateness, TableCoverage
from features.readiness.finding import Finding
from nextbuy.show.answer_tables import show_answers, show_decisions, show_explanations, show_holdout
from nextbuy.show.backtest_tables import show_backtest
from nextbuy.show.policy_tables import show_study
from nextbuy.show.readiness_tables import ReadinessReport, show_report
from training.channel.study import ESTIMATORS, LOGGED, PolicyStudy
from training.data_support import Support
from training.evaluation.comparison import BacktestComparison

MODELS = ("Nextbuy", "days since last", "a model of which the name is really long")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)


def _shown(console: Console, *whole: str, folded: tuple[str, ...] = ()) -> None:
    """Check that nothing is cut, values in one line are whole, and folded ones are all there.

    A folded value stands in one column, so its parts are joined down each column.
    """
    text = console.file.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for value in whole:
        assert value in text
    columns: dict[int, str] = {}
    for line in text.splitlines():
        for number, cell in enumerate(line.replace("┃", "│").split("│")):
            columns[number] = columns.get(number, "") + "".join(cell.split())
    for value in folded:
        assert any("".join(value.split()) in joined for joined in columns.values()), value


def _answer(customer_id: str, channel: str | None) -> dict[str, Any]:
    ranking = [{"channel": channel, "uplift": 0.0123}]
    window = ["2025-10-09T00:00:00Z", "2025-12-31T00:00:00Z"]
    return {
        "customer_id": customer_id,
        "status": "ok",
        "churn": {"p_churn": 0.31},
        "next_purchase": {"p_within": {"30": 0.35}, "if_returns": {"window_80": window}},
        "value": {"expected_spend": 1061.2, "currency": "EUR"},
        "channel": channel and {"recommended": channel, "ranking": ranking},
    }


@pytest.mark.parametrize("channel", [None, "web_push"])
def test_answers_show_whole_windows_and_customers(console: Console, channel: str | None) -> None:
    ids = ("c1", "customer-of-the-loyalty-programme-0001234567")
    answers = [_answer(customer_id, channel) for customer_id in ids]
    show_answers(console, answers, {ids[0]: "10-09, 12x"}, "answers")
    last = "web_push +1.2 pt" if channel else "1061.20 EUR"
    _shown(console, "10-09 to 12-31", "0.31", "0.35", "churn", "30 d", folded=(*ids, last))


def _scores(origins: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": origin,
            "frequency": frequency,
            "model": model,
            "customers": 12_345,
            "crps": 12.345,
            "auc_30d": 0.828,
            "auc_90d": 0.824,
            "log_loss_90d": 0.321,
            "ece_90d": 0.016,
            "lift10_90d": 3.952,
        }
        for origin in pd.date_range("2023-03-31", periods=origins, freq="MS", tz="UTC")
        for frequency in ("all", "0", "10_up")
        for model in MODELS
    )


def test_the_holdout_shows_every_score_of_every_model(console: Console) -> None:
    scores = _scores(1)
    show_holdout(console, scores[scores["frequency"] == "all"])
    _shown(console, "12.345", "0.828", "0.824", "0.321", "0.016", "3.952", folded=MODELS)


def test_a_backtest_of_many_origins_shows_all_of_them(console: Console) -> None:
    scores = _scores(9)
    differences = pd.DataFrame(
        [(model, -109.1, -120.0, -101.0, False) for model in MODELS],
        columns=["rival", "percent", "low", "high", "distinguishable"],
    )
    show_backtest(console, BacktestComparison(scores, differences))
    origins = [f"{origin:%Y-%m-%d}" for origin in scores["origin"].drop_duplicates()]
    _shown(console, "[-120.0, -101.0]", *origins, "not distinguishable", folded=MODELS)


def test_a_policy_study_shows_whole_intervals_and_verdicts(console: Console) -> None:
    policies = ("Nextbuy", "open-rate rule", "only web_push_notifications")
    verdicts = ("worse", "not distinguishable", "not distinguishable: too few decisions")
    values = [
        {"policy": policy, "estimator": kind, "value": 0.154, "low": 0.141, "high": 0.168}
        | {"effective": 14_563, "largest_share": 0.01}
        for policy in policies
        for kind in ESTIMATORS
    ]
    logged = {"policy": LOGGED, "estimator": "mean", "value": 0.15, "low": 0.144, "high": 0.155}
    gains = [
        {"policy": policy, "gain": -12.1, "low": -22.2, "high": -12.0} | {"verdict": verdict}
        for policy, verdict in zip(policies, verdicts, strict=True)
    ]
    nothing = pd.DataFrame()
    study = PolicyStudy(
        sends=1_234_567,
        judged=123_456,
        estimated=True,
        values=pd.DataFrame([*values, logged]),
        gains=pd.DataFrame(gains),
        margins=nothing,
        segments=nothing,
        calibration=nothing,
        needed=8919,
        hidden_odds=None,
    )
    show_study(console, study)
    whole = ("15.4", "[14.1, 16.8]", "14,563", "-12.1 [-22.2, -12.0]", "not distinguishable")
    _shown(
        console,
        *whole,
        "[14.4, 15.5]",
        "as it was",
        "worse",
        "too few decisions",
        folded=(*policies, LOGGED),
    )


def test_the_readiness_report_shows_whole_tables_findings_and_support(console: Console) -> None:
    where = "customers.attr_a_very_long_name_of_an_attribute"
    report = ReadinessReport(
        "shop",
        0,
        1,
        0,
        tables=[
            TableCoverage(
                table="order_lines",
                rows=123_456_789,
                columns=["order_id"],
                first_at="2019-01-01T00:00:00",
                last_at="2024-12-31T00:00:00",
                days_covered=2_190,
                largest_gap_days=111,
                duplicates=0,
                lateness=Lateness(
                    late_share=0.123, days_50=1.0, days_90=2.0, days_99=12.3, days_995=150.0
                ),
            )
        ],
        findings=[Finding("warning", where, "w" * 90, 12_345_678, 0.034, ["x" * 70], "r" * 50)],
        support=[Support("repurchase-timing", "not_possible", "b" * 90, ["m" * 90])],
        suggestions=None,
        kept_out=[],
    )
    show_report(console, report)
    text = "".join(console.file.getvalue().split())
    assert "…" not in text
    for letter, length in (("w", 90), ("x", 70), ("r", 50), ("b", 90), ("m", 90)):
        assert text.count(letter) >= length
    for value in ("123,456,789", "2019-01-01", "2024-12-31", "2,190", "111", "12.3 %"):
        assert value in console.file.getvalue()
    assert "12,345,678" in text
    assert "repurchase-timing" in text


def test_decisions_and_explanations_show_whole_reasons(console: Console) -> None:
    reason = "the customer has objected to profiling and may not be asked"
    decided = pd.DataFrame(
        {
            "status": ["ok", "refused"],
            "channel": ["a_channel_with_a_long_name", None],
            "arm": ["control", None],
            "reason": [None, reason],
        }
    )
    show_decisions(console, decided)
    sentence = "bought every 12 days, the last time 45 days ago, " * 3
    told = {"family": "a family of features with a long name", "effect": 0.5, "sentence": sentence}
    churn = {
        "p_churn": 0.31,
        "horizon_days": 90,
        "baseline": -0.2,
        "score": 0.3,
        "reasons": [told | {"direction": "raises"}],
    }
    explanation = {"customer_id": "c", "status": "ok", "reason": None, "churn": churn}
    explanations = [explanation | {"next_purchase": None, "channel": None}]
    show_explanations(console, {"explanations": explanations})
    text = console.file.getvalue()
    assert "…" not in text
    for word in f"a_channel_with_a_long_name {reason} {sentence}".split():
        assert word in text
