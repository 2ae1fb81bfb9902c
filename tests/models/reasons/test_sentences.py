"""Tests that every feature of the full contract has plain words, whatever its value."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import SensitiveSection
from models.reasons.sentences import (
    FAMILIES,
    MoneyFormat,
    feature_sentence,
    format_value,
    history_sentence,
    no_fact_sentence,
)

EUR = MoneyFormat("EUR", 2)
CATALOG = make_catalog(FULL_VOCABULARY)
NUMBERS = [CATALOG[name] for name in CATALOG.numbers]
RFM = {"frequency": 14.0, "recency": 268.0, "T": 280.0}
_CAUSAL = re.compile(r"\b(because|due to|thanks|caus\w*|led to|made|therefore|so that|why)\b", re.I)
_JARGON = re.compile(r"BTYD|gap_|_\d+d|`|\bempty\b|\bnull\b|minor unit|drawn to|logarithm")


def _say(name: str, value: float, **facts: object) -> str:
    return feature_sentence(CATALOG[name], RFM | {name: value} | facts, EUR)


def test_every_family_has_a_name_of_its_own_and_no_other_has_one() -> None:
    assert FAMILIES.keys() == {feature.family for feature in CATALOG.values()}
    assert len(set(FAMILIES.values())) == len(FAMILIES)


@pytest.mark.parametrize("feature", NUMBERS, ids=lambda feature: feature.name)
@settings(max_examples=15, deadline=None)
@given(value=st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, 1e-12]))
def test_every_sentence_is_whole(feature, value: float) -> None:
    if feature.unit == "weekday":
        value = abs(value) % 7 // 1
    if feature.unit == "share of a year":
        value = abs(value) % 1
    sentence = feature_sentence(feature, RFM | {feature.name: value}, EUR)
    assert sentence[0] == sentence[0].upper()
    assert sentence.endswith(".")
    assert len(sentence) < 140
    assert not re.search(r"[{}\\]|\bnan\b|\bNone\b|\binf\b|-0(\.0+)? |-0\.$|;$", sentence)
    assert not _CAUSAL.search(sentence)
    assert not _JARGON.search(sentence)


def test_no_feature_of_ours_is_called_by_a_sensitive_name() -> None:
    """Else it could not be spoken of."""
    assert not find_sensitive_names(CATALOG, SensitiveSection())


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("overdue_ratio", 0.6, "Last purchase 12 days ago; usually buys every 19 days."),
        ("days_since_last", 1.0, "Last purchase 1 day ago."),
        ("order_amount_sum", 123456.0, "Spend so far: 1,234.56 EUR."),
        ("r_score", 4.0, "Recency score among all buyers: 4 of 5."),
        ("view_trend_28d", -2.0, "Views in 28 days, against the mean of 91 days: -2 events."),
        ("weekend_share_mean", 0.34, "34 % of the purchase days were a Saturday or Sunday."),
        ("returns_count_365d", 0.0, "No returns in 365 days."),
        ("returns_count_365d", 1.0, "1 return in 365 days."),
        ("category_count", 1.0, "1 different category bought in two years."),
        ("category_top_share", 0.8, "80 % of order lines are of one category."),
        ("days_since_cart", 3.0, "3 days since the last cart event."),
        ("<channel>_open_rate_182d", 0.25, "Open rate of messages by <channel>: about 25 %."),
        ("<channel>_preferred", 1.0, "Names <channel> as the preferred channel."),
        ("<channel>_preferred", 0.0, "Names another preferred channel than <channel>."),
        ("<attribute>_share", 0.1, "10 % of all customers declare the same <attribute>."),
        ("birth_year", 1985.0, "Born in 1985."),
        ("cutoff_weekday", 0.0, "Asked on a Monday."),
        ("cutoff_season", 0.75, "Asked in October."),
        ("due_days_min", -3.2, "Due first: a category 3 days overdue."),
        ("contact_score_change_7d", 0.0, "Contact score against 7 days ago: +0 points."),
    ],
)  # fmt: skip
def test_a_sentence_reads_as_a_marketer_would_say_it(
    name: str, value: float, sentence: str
) -> None:
    assert _say(name, value) == sentence


def test_the_sentence_of_a_declaration_is_filled_in_and_its_free_names_are_left_alone() -> None:
    declared = dataclasses.replace(
        CATALOG["days_since_cart"],
        sentence="a cart of {brand} left {value} ago, change {signed}",
        sentence_if_zero="a cart left today",
    )
    left = feature_sentence(declared, {"days_since_cart": 3.0}, EUR)
    assert left == "A cart of {brand} left 3 days ago, change +3 days."
    today = feature_sentence(declared, {"days_since_cart": 0.0}, EUR)
    assert today == "A cart left today."


def test_a_customer_without_any_purchase_has_not_come_back() -> None:
    assert feature_sentence(CATALOG["frequency"], {"frequency": 0.0}, EUR) == "No purchase so far."
    assert _say("frequency", 1.0) == "Came back to buy on 1 day."


def test_the_category_that_is_due_is_named_where_it_may_be() -> None:
    own = "by the customer's own cycle."
    named = _say("due_category_days", 5.0, due_category="toys")
    assert named == f"Toys: due in 5 days {own}"
    assert _say("due_category_days", 0.0) == f"The most overdue category: due today {own}"


def test_a_purchase_today_and_a_daily_buyer_are_said_so() -> None:
    today = {"frequency": 10.0, "recency": 10.0, "T": 10.0}
    assert history_sentence(today) == "Bought on 11 days in 10 days, the last time today."
    sentence = feature_sentence(CATALOG["overdue_days"], today | {"overdue_days": -1.0}, EUR)
    assert sentence == "Last purchase today; usually buys every day."


def test_a_currency_without_minor_units_has_none() -> None:
    assert format_value(1234.0, "minor units", MoneyFormat("JPY", 0)) == "1,234 JPY"


@pytest.mark.parametrize("family", FAMILIES)
def test_of_every_family_it_can_be_said_that_there_is_nothing_to_tell(family: str) -> None:
    assert no_fact_sentence(family) == f"Nothing to tell of {FAMILIES[family]}."
