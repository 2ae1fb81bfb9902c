"""Reasons: families, directions, which feature is told of, and of what nothing is said."""

import numpy as np
import pytest

from features.builds.feature_build import build_features
from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from features.shop.settings_file import SensitiveSection
from models.boosters.contributions import BASELINE, HISTORY
from models.reasons.purchase_reasons import ReasonWriter, ScoreExplanation, explain_scores
from models.reasons.sentences import FAMILIES, MoneyFormat

CATALOG = make_catalog(FULL_VOCABULARY)
RFM = {"frequency": 14.0, "recency": 268.0, "T": 280.0}


def _speaker(*words: str) -> ReasonWriter:
    return ReasonWriter(CATALOG, MoneyFormat("EUR", 2), SensitiveSection(words=list(words)))


def _explain(effects: dict[str, float], *words: str, **facts: object) -> ScoreExplanation:
    parts = {name: np.array([effect]) for name, effect in effects.items()}
    inputs = {name: np.array([value]) for name, value in (RFM | facts).items()}
    return explain_scores({BASELINE: np.array([-1.0])} | parts, inputs, _speaker(*words))[0]


def test_features_are_grouped_by_family_and_the_weightiest_family_comes_first() -> None:
    told = _explain(
        {HISTORY: 0.5, "recency": -0.1, "gap_mean": -0.9, "view_count_7d": 0.2},
        gap_mean=20.0,
        view_count_7d=3.0,
    )
    assert [(r.family, r.effect, r.direction) for r in told.reasons] == [
        ("buying rhythm", -0.9, "lowers"),
        ("purchase history", 0.4, "raises"),
        ("visits and browsing", 0.2, "raises"),
    ]
    assert (told.baseline, told.score) == (-1.0, pytest.approx(-1.3))
    assert [r.sentence for r in told.reasons] == [
        "Mean gap between purchase days: 20 days.",
        "Bought on 15 days in 280 days, the last time 12 days ago.",
        "3 view events in 7 days.",
    ]
    assert told.reasons[1].feature == "frequency"


def test_the_feature_of_a_sentence_works_in_the_familys_direction() -> None:
    (reason,) = _explain(
        {"gap_mean": 0.5, "gap_max": 0.4, "gap_min": -0.6}, gap_mean=1.0, gap_max=2.0, gap_min=3.0
    ).reasons
    assert (reason.direction, reason.feature, reason.value, reason.unit) == (
        *("raises", "gap_mean"),
        *(1.0, "days"),
    )


def test_missing_values_are_skipped_and_their_effect_still_counts() -> None:
    told = _explain({"gap_mean": 0.5, "gap_count": 0.1}, gap_mean=np.nan, gap_count=0.0)
    assert [(r.effect, r.feature) for r in told.reasons] == [(0.6, "gap_count")]
    told = _explain({"gap_mean": 0.5}, gap_mean=np.nan)
    assert told.reasons[0].sentence == "Nothing to tell of buying rhythm."
    assert (told.reasons[0].feature, told.reasons[0].value, told.reasons[0].unit) == (None,) * 3
    assert told.score == -0.5


def test_amounts_are_stated_in_the_currencys_main_unit() -> None:
    (reason,) = _explain({"order_amount_max": 0.1}, order_amount_max=1234.0).reasons
    assert (reason.value, reason.unit) == (12.34, "EUR")


def test_a_family_that_changes_nothing_is_left_out() -> None:
    assert _explain({"gap_mean": 0.0, HISTORY: 0.0}, gap_mean=3.0).reasons == []


def test_a_feature_that_became_sensitive_after_training_is_not_mentioned() -> None:
    effects = {"<attribute>_share": -0.5, "birth_year": -0.1}
    facts = {"<attribute>_share": 0.2, "birth_year": 1980.0}
    assert "<attribute>" in _explain(effects, **facts).reasons[0].sentence
    (reason,) = _explain(effects, "<attribute>", **facts).reasons
    assert (reason.effect, reason.sentence) == (-0.6, "Born in 1980.")
    (reason,) = _explain({"<attribute>_share": 0.5}, "<attribute>", **facts).reasons
    assert reason.sentence == "Nothing to tell of profile."


@pytest.mark.parametrize("category", ["pregnancy tests", "Kids", "tarot cards"])
def test_a_sensitive_category_is_not_named_even_if_a_store_still_holds_it(category: str) -> None:
    effects = {"due_category_days": 0.5}
    (reason,) = _explain(effects, "tarot", due_category_days=-4.0, due_category=category).reasons
    assert (
        reason.sentence == "The most overdue category: 4 days overdue by the customer's own cycle."
    )


def test_sensitive_words_of_the_shop_cannot_hide_the_purchase_history() -> None:
    assert "15 days" in _explain({HISTORY: 1.0}, "frequency", "recency").reasons[0].sentence


@pytest.mark.parametrize("kind", ["churn", "timing"])
def test_the_reasons_of_every_customer_sum_to_the_score_exactly(simulated, kind: str) -> None:
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    model = getattr(simulated.champions, kind)
    speaker = ReasonWriter(simulated.catalog, MoneyFormat("EUR", 2), simulated.shop.sensitive)
    explained = explain_scores(model.contributions(frame), frame, speaker)
    score = model.score(frame) if kind == "churn" else model.speed(frame)
    assert len(explained) == len(frame)
    for place, told in enumerate(explained):
        total = told.baseline + sum(reason.effect for reason in told.reasons)
        assert total == pytest.approx(score[place], rel=0, abs=1e-9)
        assert told.score == pytest.approx(total, rel=0, abs=1e-9)
        assert len({reason.family for reason in told.reasons}) == len(told.reasons)
        assert {reason.family for reason in told.reasons} <= set(FAMILIES.values())
        sizes = [abs(reason.effect) for reason in told.reasons]
        assert sizes == sorted(sizes, reverse=True)
        for reason in told.reasons:
            assert (reason.effect > 0) == (reason.direction == "raises")
