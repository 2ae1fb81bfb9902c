"""Reasons for the recommended channel: what they sum to, what they list, what they never claim."""

import re
from dataclasses import replace

import msgspec
import pytest
from scipy.special import logit

from models.registry import Champions
from serving.answers.predictor import Predictor
from serving.schemas.answer_schemas import Answer, Channel
from serving.schemas.reason_schemas import ChannelReasons, ExplainResponse

Pairs = list[tuple[Channel, ChannelReasons]]


def _channels(predictor: Predictor, as_of: int, explained: ExplainResponse | None = None) -> Pairs:
    """Pair the channel of each answer with its reasons, for all customers or for 20."""
    ids = predictor.store.customer_ids()[:20]
    explained = explained or predictor.explain(ids, as_of)
    ids = [explanation.customer_id for explanation in explained.explanations]
    answers: list[Answer] = predictor.predict(ids, as_of).answers
    pairs = zip(answers, explained.explanations, strict=True)
    return [
        (answer.channel, explanation.channel) for answer, explanation in pairs if answer.channel
    ]


def _with_channels(predictor: Predictor, level: str = "exploring", **channels: object) -> Predictor:
    """Make a predictor with other settings of `[channels]`, or whose model has no random draws."""
    version = predictor.champions.by_kind["best-channel"]
    model = version.model
    if level == "observational":
        evidence = {
            arm: msgspec.structs.replace(counts, randomised=0)
            for arm, counts in model.evidence.items()
        }
        model = msgspec.structs.replace(model, level=level, evidence=evidence)
    by_kind = predictor.champions.by_kind | {"best-channel": replace(version, model=model)}
    section = msgspec.structs.replace(predictor.shop.channels, **channels)
    shop = msgspec.structs.replace(predictor.shop, channels=section)
    return replace(predictor, champions=Champions(by_kind), shop=shop)


def test_channels_are_explained_where_they_are_answered(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    for explanation in everybody.explanations:
        assert (explanation.channel is None) == (
            explanation.status in ("refused", "unknown_customer")
        )
    contacts = [
        explanation for explanation in everybody.explanations if explanation.status == "no_purchase"
    ]
    assert contacts
    assert all(
        explanation.churn is None and explanation.channel.reasons for explanation in contacts
    )
    shown = ("recommended", "level", "basis", "runner_up")
    for channel, explained in _channels(predictor, simulated.cutoff, everybody):
        assert [getattr(explained, name) for name in shown] == [
            getattr(channel, name) for name in shown
        ]
        assert (explained.lead is None) == (channel.lead is None)
        assert explained.lead is None or explained.lead == pytest.approx(channel.lead, rel=1e-9)
        assert explained.currency == "EUR"


def test_the_reasons_of_a_channel_sum_to_its_distance_from_the_runner_up(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    compared = 0
    for channel, explained in _channels(predictor, simulated.cutoff, everybody):
        if channel.runner_up is None:
            assert [reason.effect for reason in explained.reasons] == [None]
            continue
        p = {ranked.channel: ranked.p_conversion for ranked in channel.ranking}
        expected = logit(p[channel.recommended]) - logit(p[channel.runner_up])
        total = sum(reason.effect for reason in explained.reasons)
        assert total == pytest.approx(expected, rel=0, abs=1e-9)
        compared += 1
    assert compared > 1000


def test_every_channel_that_is_out_is_listed_and_one_may_have_been_the_first(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    missed = 0
    for channel, explained in _channels(predictor, simulated.cutoff, everybody):
        out = [ranked for ranked in channel.ranking if not ranked.eligible]
        assert [(e.channel, e.why_not, e.eligible_from) for e in explained.excluded] == [
            (ranked.channel, ranked.why_not, ranked.eligible_from) for ranked in out
        ]
        best = max(channel.ranking, key=lambda ranked: ranked.expected_margin)
        for excluded in explained.excluded:
            start = "Would have been first: " if excluded.channel == best.channel else "Out: "
            assert excluded.sentence == f"{start}{excluded.channel}; {excluded.why_not}."
            missed += excluded.channel == best.channel
    assert missed > 100


def test_cost_that_decides_is_told_with_its_amounts(predictor: Predictor, simulated) -> None:
    dear = {arm: 50.0 for arm in ("email", "sms", "web_push", "phone")}
    decided = 0
    for channel, explained in _channels(_with_channels(predictor, cost=dear), simulated.cutoff):
        open_to = [ranked for ranked in channel.ranking if ranked.eligible]
        likeliest = max(open_to, key=lambda ranked: ranked.p_conversion).channel
        of_money = [r for r in explained.reasons if r.family == "cost and fatigue"]
        assert len(of_money) == (likeliest != channel.recommended)
        assert all(" less 50 EUR, against" in reason.sentence for reason in of_money)
        decided += len(of_money)
    assert decided > 3


@pytest.mark.parametrize("order", [[], ["sms", "email"]])
def test_without_random_draws_nothing_is_claimed(
    predictor: Predictor, simulated, order: list[str]
) -> None:
    changed = _with_channels(predictor, "observational", default_order=order)
    sentences = set()
    for channel, explained in _channels(changed, simulated.cutoff):
        assert (explained.level, explained.basis, explained.runner_up, explained.lead) == (
            *("observational", "association"),
            *(None, None),
        )
        assert {(r.effect, r.direction, r.feature) for r in explained.reasons} == {
            (None, None, None)
        }
        first = order[0] if order else changed.champions.channel.fixed_order[0]
        missed = [e.channel for e in explained.excluded if e.sentence.startswith("Would have been")]
        assert missed == ([first] if channel.recommended != first else [])
        sentences |= {r.sentence for r in (*explained.reasons, *explained.excluded)}
    assert any("Nothing was drawn at random" in sentence for sentence in sentences)
    assert not [s for s in sentences if re.search("uplift|effect|because", s)]
