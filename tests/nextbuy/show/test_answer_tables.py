"""Answers, decisions, reasons and scores as the terminal shows them."""

import io
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from features.catalog.glossary import GlossaryEntry
from nextbuy.show.answer_tables import (
    show_answers,
    show_decisions,
    show_explanations,
    show_features,
    show_holdout,
    working,
)
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
    reason_of_churn = {
        "family": "a family of features with a long name",
        "effect": 0.5,
        "sentence": sentence,
    }
    churn = {
        "p_churn": 0.31,
        "horizon_days": 90,
        "baseline": -0.2,
        "score": 0.3,
        "reasons": [reason_of_churn | {"direction": "raises"}],
    }
    explanation = {"customer_id": "c", "status": "ok", "reason": None, "churn": churn}
    explanations = [explanation | {"next_purchase": None, "channel": None}]
    show_explanations(console, {"explanations": explanations})
    text = read_text(console)
    assert "…" not in text
    for word in f"a_channel_with_a_long_name {reason} {sentence}".split():
        assert word in text


def test_a_customer_without_an_answer_shows_the_status_and_did_nothing(console: Console) -> None:
    unknown = {"customer_id": "nobody", "status": "unknown_customer", "churn": None}
    answers = [
        _answer("c1", None),
        unknown | {"next_purchase": None, "value": None, "channel": None},
    ]
    show_answers(console, answers, {}, "answers")
    assert_shown(console, "unknown_customer", "nobody")
    assert read_text(console).count("nothing") == 2


def test_a_recommended_channel_without_an_uplift_is_shown_by_its_name(console: Console) -> None:
    answer = _answer("c1", "email")
    answer["channel"]["ranking"][0]["uplift"] = None
    show_answers(console, [answer], {}, "answers")
    assert "email" in read_text(console)
    assert " pt" not in read_text(console)


def test_decisions_are_counted_by_channel_and_reason_of_the_draw(console: Console) -> None:
    decided = pd.DataFrame(
        [("ok", "email", arm, None) for arm in ("optimised",) * 3 + ("random",)]
        + [("ok", "sms", "control", None)]
        + [("refused", None, None, "no consent")] * 2,
        columns=["status", "channel", "arm", "reason"],
    )
    show_decisions(console, decided)
    rows = [line.split() for line in read_text(console).splitlines() if line.strip()]
    reasons = next(row for row in rows if row[0] == "channel")[1:]
    counts = {
        row[0]: dict(zip(reasons, map(int, row[1:]), strict=True))
        for row in rows
        if row[0] in ("email", "sms")
    }
    assert counts["email"] == {"optimised": 3, "random": 1, "control": 0}
    assert counts["sms"] == {"optimised": 0, "random": 0, "control": 1}
    assert ["no", "message:", "no", "consent", "2"] in rows


def test_effects_that_round_to_0_are_summed_in_one_row(console: Console) -> None:
    reason = {"family": "recency", "direction": "raises", "sentence": "bought yesterday"}
    reasons = [reason | {"effect": effect} for effect in (0.5, 0.004, 0.003, 0.002)]
    churn = {"p_churn": 0.31, "horizon_days": 90, "baseline": -0.2, "score": 0.309}
    explanation = {"customer_id": "c", "status": "ok", "reason": None, "next_purchase": None}
    explanation |= {"channel": None, "churn": churn | {"reasons": reasons}}
    show_explanations(console, {"explanations": [explanation]})
    text = read_text(console)
    assert text.count("bought yesterday") == 1
    assert ["3", "more", "+0.01"] in [line.split() for line in text.splitlines()]


def test_an_explained_channel_shows_its_lead_and_which_channels_are_out(console: Console) -> None:
    channel = {
        "recommended": "email",
        "runner_up": "sms",
        "level": "shop",
        "basis": "uplift",
        "lead": 0.25,
        "currency": "EUR",
        "reasons": [
            {"family": "clicks", "effect": 0.5, "direction": "for", "sentence": "clicks mail"},
            {"family": "price", "effect": None, "direction": "for", "sentence": "mail is cheap"},
        ],
        "excluded": [{"channel": "phone", "sentence": "has not consented"}],
    }
    explanation = {"customer_id": "c", "status": "ok", "reason": None, "churn": None}
    explanation |= {"next_purchase": None, "channel": channel}
    show_explanations(console, {"explanations": [explanation]})
    text = read_text(console)
    assert "ask by email (shop, uplift): 0.25 EUR over sms" in text
    assert ["not", "eligible", "has", "not", "consented"] in [
        row.split() for row in text.splitlines()
    ]
    assert "together, on the logit scale" in text
    assert text.count("+0.50") == 2  # of the reason, and of all together


def test_the_dictionary_of_features_is_grouped_by_family(console: Console) -> None:
    entries = [
        GlossaryEntry("frequency", "days with a purchase", "days", "history", ["orders"], None),
        GlossaryEntry("views_7d", "views of products", "events", "browsing", ["events"], 7),
        GlossaryEntry("monetary", "mean amount", "currency", "history", ["orders"], None),
    ]
    show_features(console, entries)
    text = read_text(console)
    assert "3 features" in text
    assert [text.count(family) for family in ("history", "browsing")] == [1, 1]
    order = [
        text.index(name) for name in ("history", "frequency", "monetary", "browsing", "views_7d")
    ]
    assert order == sorted(order)


def test_the_best_score_of_each_column_is_bold() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    scores = make_scores(1)
    holdout = scores[scores["frequency"] == "all"].reset_index(drop=True)
    holdout["crps"] = [5.0, 4.0, 6.0]
    holdout["auc_90d"] = [0.7, 0.8, 0.9]
    show_holdout(console, holdout)
    text = console.file.getvalue()
    assert "\x1b[1m4.000" in text
    assert "\x1b[1m0.900" in text
    assert "\x1b[1m5.000" not in text
    assert "\x1b[1m0.700" not in text


def test_progress_advances_by_a_step_and_ends_complete(console: Console) -> None:
    with working(console, "training", 2) as finish_step:
        finish_step("churn")
    assert "training" in read_text(console)
