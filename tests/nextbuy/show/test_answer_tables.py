"""Answers, decisions, reasons and scores as the terminal shows them."""

from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from nextbuy.show.answer_tables import show_answers, show_decisions, show_explanations, show_holdout
from tests.nextbuy.show.narrow_terminal import MODELS, assert_shown, make_scores, read_text


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
    assert_shown(console, "10-09 to 12-31", "0.31", "0.35", "churn", "30 d", folded=(*ids, last))


def test_the_holdout_shows_every_score_of_every_model(console: Console) -> None:
    scores = make_scores(1)
    show_holdout(console, scores[scores["frequency"] == "all"])
    assert_shown(console, "12.345", "0.828", "0.824", "0.321", "0.016", "3.952", folded=MODELS)


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
    text = read_text(console)
    assert "…" not in text
    for word in f"a_channel_with_a_long_name {reason} {sentence}".split():
        assert word in text
