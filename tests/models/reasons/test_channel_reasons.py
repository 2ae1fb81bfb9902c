"""Reasons of a choice: they sum to the difference, they are facts, and they claim no more."""

import re
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from features.shop.settings_file import SensitiveSection
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.trait_choice import choose_traits
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Evidence
from models.reasons.channel_reasons import (
    CHANNELS,
    CONVERSION,
    CUSTOMERS,
    EVIDENCE,
    LATELY,
    LIKELY,
    MONEY,
    ORDER,
    RESPONSE,
    ChoiceReason,
    explain_choice,
    explain_cost,
    explain_only_arm,
    explain_order,
    logit_difference_parts,
)
from models.reasons.purchase_reasons import ReasonWriter
from models.reasons.sentences import MoneyFormat

ARMS = ("email", "none", "sms")
MESSAGES = ("email", "sms")
EUR = MoneyFormat("EUR", 2)
CATALOG = make_catalog(msgspec.structs.replace(FULL_VOCABULARY, channels=list(MESSAGES)))
SPEAKER = ReasonWriter(CATALOG, EUR, SensitiveSection())
CLAIMS = re.compile(r"\b(uplift|effects?|because|due to|caus\w*|led to|makes?|thanks)\b", re.I)
HOLES = re.compile(r"[{}\\@]|\bnan\b|\bNone\b|\binf\b")


def _rows(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Messages drawn at random; sms works, and more for who clicks on it."""
    rng = np.random.default_rng(seed)
    channel, liking = rng.choice(ARMS, n), rng.normal(0, 1, n)
    bought = rng.random(n) < expit(-2 + (0.5 + 0.5 * liking) * (channel == "sms"))
    counts = ("messages_count_28d", "email_sent_count_28d", "sms_sent_count_28d", "frequency")
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, n // 2 + 1, n).astype(str),
            "channel": channel,
            "randomised": True,
            "propensity": 1 / 3,
            "bought": bought,
            "spend": np.where(bought, 4000.0, 0.0),
            "T": 400.0,
            "days_since_last": rng.uniform(0, 300, n),
            "mobile_share_mean_91d": np.where(rng.random(n) < 0.3, np.nan, rng.random(n)),
            "email_click_rate_182d": rng.beta(2, 30, n),
            "sms_click_rate_182d": expit(-3 + liking),
            **{name: rng.poisson(2, n).astype(float) for name in counts},
        }
    )


@pytest.fixture(scope="module")
def model() -> ChannelModel:
    rows = _rows()
    rows = add_chances(rows, ARMS, np.ones((len(rows), len(ARMS)), dtype=bool))
    traits = choose_traits(rows, MESSAGES, [])
    return fit_channel(rows, 7, ["days_since_last"], traits, BoosterSettings(), seed=1)


@pytest.fixture(scope="module")
def observational(model: ChannelModel) -> ChannelModel:
    """Return the model of the same shop if it had drawn almost nothing at random."""
    counts = {"email": (8000, 320), "none": (500, 9), "sms": (1, 1)}
    evidence = {arm: Evidence(*found, 0) for arm, found in counts.items()}
    mean_p = {"email": 0.04, "none": 0.03, "sms": 0.035}
    return msgspec.structs.replace(model, level="observational", evidence=evidence, mean_p=mean_p)


@settings(max_examples=40, deadline=None)
@given(
    pair=st.permutations(ARMS),
    slopes=st.lists(st.floats(-3, 3), min_size=18, max_size=18),
    seed=st.integers(0, 1000),
)
def test_the_reasons_sum_to_the_difference_of_the_two_logits(
    model: ChannelModel, pair: list[str], slopes: list[float], seed: int
) -> None:
    means = np.reshape(slopes, (2, 9)).tolist()
    effects = msgspec.structs.replace(model.effects, means=means)
    fitted = msgspec.structs.replace(model, effects=effects)
    rows = _rows(20, seed)
    p = {arm: logit(chances) for arm, chances in fitted.predict(rows).items()}
    expected = p[pair[0]] - p[pair[1]]
    parts = logit_difference_parts(fitted, rows, pair[0], pair[1])
    assert sum(parts.values()) == pytest.approx(expected, rel=0, abs=1e-9)
    told = explain_choice(fitted, rows, pair[0], pair[1], SPEAKER)
    sums = [sum(reason.effect for reason in reasons) for reasons in told]
    assert sums == pytest.approx(expected.tolist(), rel=0, abs=1e-9)


def test_the_other_way_round_every_reason_speaks_for_the_other(model: ChannelModel) -> None:
    rows = _rows(30)
    there = explain_choice(model, rows, "sms", "email", SPEAKER)
    back = explain_choice(model, rows, "email", "sms", SPEAKER)
    turned = {"for": "against", "against": "for"}
    for ours, theirs in zip(there, back, strict=True):
        assert {r.family: (r.effect, r.direction) for r in ours} == {
            r.family: (pytest.approx(-r.effect), turned[r.direction]) for r in theirs
        }


def test_each_trait_is_in_its_group_and_the_weightiest_group_comes_first(
    model: ChannelModel,
) -> None:
    for reasons in explain_choice(model, _rows(30), "sms", "email", SPEAKER):
        assert {r.family for r in reasons} == {CHANNELS, CUSTOMERS, RESPONSE, LATELY}
        assert all((r.direction == "for") == (r.effect > 0) for r in reasons)
        sizes = [abs(r.effect) for r in reasons]
        assert sizes == sorted(sizes, reverse=True)
        about = {r.family: r.feature for r in reasons}
        assert about[CHANNELS] is None
        assert about[CUSTOMERS] in ("frequency", "days_since_last", "mobile_share_mean_91d")
        assert about[RESPONSE] in ("sms_click_rate_182d", "email_click_rate_182d")
        assert re.fullmatch(r"(messages|sms_sent|email_sent)_count_28d", about[LATELY])


def _of_one(model: ChannelModel, **facts: float) -> dict[str, ChoiceReason]:
    rows = _rows(1).assign(**facts)
    (reasons,) = explain_choice(model, rows, "sms", "none", SPEAKER)
    return {reason.family: reason for reason in reasons}


def test_clicks_on_a_channel_are_stated(model: ChannelModel) -> None:
    told = _of_one(model, sms_click_rate_182d=0.3)[RESPONSE]
    assert (told.direction, told.feature, told.unit) == ("for", "sms_click_rate_182d", "share")
    assert told.value == pytest.approx(0.3)
    assert told.sentence == "Click rate of messages by sms: about 30 %."
    assert _of_one(model, sms_click_rate_182d=0.001)[RESPONSE].direction == "against"


def test_levels_are_stated_as_probabilities_of_an_average_customer(model: ChannelModel) -> None:
    sentence = _of_one(model)[CHANNELS].sentence
    sms, none = (float(p) for p in re.findall(r"([\d.]+) % ", sentence))
    level = model.effects.means[1][0]
    assert logit(sms / 100) - logit(none / 100) == pytest.approx(level, abs=0.01)
    draws = [f"{model.evidence[arm].randomised:,}" for arm in ("sms", "none")]
    assert sentence.endswith(f"by {draws[0]} and {draws[1]} random draws.")


def test_a_missing_trait_has_no_effect_and_a_contact_has_not_bought(model: ChannelModel) -> None:
    unknown = {"days_since_last": np.nan, "mobile_share_mean_91d": np.nan, "T": np.nan}
    told = _of_one(model, **unknown, frequency=0.0)[CUSTOMERS]
    assert (told.feature, told.sentence) == ("frequency", "No purchase so far.")
    nothing = _of_one(model, **unknown, frequency=np.nan)[CUSTOMERS]
    rows = _rows(1).assign(**unknown, frequency=np.nan)
    (likely,) = logit_difference_parts(model, rows, "sms", "none")[LIKELY]
    assert nothing.effect == pytest.approx(likely)  # what the base says is left
    assert nothing.feature is None


def test_a_sensitive_trait_counts_and_is_not_mentioned(model: ChannelModel) -> None:
    personal = replace(SPEAKER, sensitive=SensitiveSection(words=["sms"]))
    rows = _rows(1)
    (reasons,) = explain_choice(model, rows, "sms", "none", personal)
    told = {reason.family: reason for reason in reasons}[RESPONSE]
    assert (told.feature, told.value) == (None, None)
    assert told.sentence == f"Nothing to tell of {RESPONSE}."
    assert told.effect == _of_one(model)[RESPONSE].effect


def test_corrections_belong_to_the_customer_family_and_the_sum_still_holds(
    model: ChannelModel,
) -> None:
    rows = _rows()
    beyond, start = 0.05 * (rows["days_since_last"] > 150).to_numpy(float), np.zeros(len(rows))
    trees = ResidualBooster.fit(
        rows,
        ["days_since_last"],
        BoosterTarget(beyond, start, objective="regression"),
        BoosterSettings(),
        seed=1,
    )
    rich = msgspec.structs.replace(model, level="rich", corrections={"sms": trees})
    p = rich.predict(rows)
    whole = sum(logit_difference_parts(rich, rows, "sms", "email").values())
    np.testing.assert_allclose(whole, logit(p["sms"]) - logit(p["email"]), atol=1e-9)
    told = explain_choice(rich, rows[:5], "sms", "email", SPEAKER)
    assert all(CUSTOMERS in {reason.family for reason in reasons} for reasons in told)


def test_an_arm_that_the_model_does_not_know_is_refused(model: ChannelModel) -> None:
    with pytest.raises(ValueError, match="not in list"):
        logit_difference_parts(model, _rows(1), "fax", NO_MESSAGE)


def test_without_random_draws_the_shops_order_is_stated(observational: ChannelModel) -> None:
    order, evidence = explain_order(observational, ["sms", "email"], "email")
    assert (order.family, order.effect, order.direction) == (ORDER, None, None)
    assert order.sentence == (
        "The order that nextbuy.toml sets is sms, email; "
        "the first of them that may be used now is email."
    )
    assert evidence.family == EVIDENCE
    assert evidence.sentence == (
        "Nothing was drawn at random: the order is the same for every customer; "
        "to compare by customer takes further draws: none 200, email 200, sms 200."
    )


def test_no_message_in_the_shops_order_is_stated_as_its_choice(observational: ChannelModel) -> None:
    chosen = explain_order(observational, ["email", "none", "sms"], "none")[0]
    assert chosen.sentence == (
        "The order that nextbuy.toml sets is email, none, sms; "
        "the first of them that may be used now is none, no message."
    )


def test_without_an_order_the_counts_of_all_customers_are_stated(
    observational: ChannelModel,
) -> None:
    order = explain_order(observational, [], "email")[0]
    assert order.family == CONVERSION
    assert "email 320 of 8,000, sms 1 of 1; the first of them" in order.sentence
    assert "none of them may be used now" in explain_order(observational, [], "none")[0].sentence


def test_the_number_of_few_random_draws_is_stated(observational: ChannelModel) -> None:
    evidence = observational.evidence | {"sms": Evidence(1, 1, 1)}
    drawn = msgspec.structs.replace(observational, evidence=evidence)
    assert explain_order(drawn, [], "sms")[1].sentence.startswith("Only 1 send was drawn")
    evidence = observational.evidence | {"sms": Evidence(90, 1, 50)}
    drawn = msgspec.structs.replace(observational, evidence=evidence)
    told = explain_order(drawn, [], "sms")[1].sentence
    assert told.startswith("Only 50 sends were drawn at random: ")
    assert "sms 150" in told


def _money(model: ChannelModel, cost: float, recent: float) -> ChoiceReason | None:
    worth = MessageValue(margin=0.5, cost={"sms": cost}, fatigue=2.0)
    p = {"sms": 0.05, "email": 0.04, "none": 0.03}
    spend = msgspec.structs.replace(model, spend=4000.0)
    chosen = max(
        p,
        key=lambda arm: worth.expected_values({arm: np.array([p[arm]])}, 4000.0, [recent])[arm][0],
    )
    return explain_cost(spend, worth, p, chosen, recent, EUR)


def test_where_cost_and_fatigue_decide_the_amounts_are_stated(model: ChannelModel) -> None:
    assert _money(model, cost=0.4, recent=1.0) is None  # sms is likeliest, and worth most
    told = _money(model, cost=30.5, recent=3.0)
    assert (told.family, told.effect) == (MONEY, None)
    assert told.sentence == (
        "Likeliest is a purchase after sms, 5.00 %, against 4.00 % after email; expected margin "
        "less cost and fatigue is 1 EUR less 0.365 EUR, against 0.8 EUR less 0.06 EUR."
    )
    assert "3.00 % without a message" in _money(model, cost=80.0, recent=20.0).sentence


def test_no_sentence_claims_a_cause_or_has_a_hole(
    model: ChannelModel, observational: ChannelModel
) -> None:
    told = [
        *(r for pair in (("sms", "email"), ("none", "sms"), ("email", "none"))
          for reasons in explain_choice(model, _rows(50), *pair, SPEAKER) for r in reasons),
        *(r for order in ([], ["sms"]) for arm in ARMS
          for r in explain_order(observational, order, arm)),
        *(explain_only_arm(arm) for arm in ARMS),
        _money(model, cost=30.5, recent=3.0),
    ]  # fmt: skip
    for sentence in {reason.sentence for reason in told}:
        assert not CLAIMS.search(sentence), sentence
        assert not HOLES.search(sentence), sentence
        assert sentence.endswith(".")
        assert sentence[0] == sentence[0].upper()
