"""Reasons at ask time: whom they are given for, that they are exact, and what is never said."""

import re
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.engines.sql.feature_build import build_features
from features.errors import InputError
from features.windows import DAY
from models.registry import Champions
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.answer_schemas import Answer, Channel
from serving.schemas.reason_schemas import ChannelReasons, ExplainResponse


@pytest.fixture(scope="module")
def predictor(simulated) -> Predictor:
    return load_predictor(simulated.shop, 48, 24)


@pytest.fixture(scope="module")
def everybody(predictor: Predictor, simulated) -> ExplainResponse:
    """The reasons of all customers, in requests of 20."""
    ids = predictor.store.customer_ids()
    asked = [predictor.explain(ids[n : n + 20], simulated.cutoff) for n in range(0, len(ids), 20)]
    told = [explanation for response in asked for explanation in response.explanations]
    return asked[0].model_copy(update={"explanations": told})


def _sentences(response: ExplainResponse) -> dict[str, list[str]]:
    return {
        told.customer_id: [r.sentence for r in (*told.churn.reasons, *told.next_purchase.reasons)]
        for told in response.explanations
        if told.churn
    }


def test_the_reasons_are_those_of_the_answers(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    ids = [told.customer_id for told in everybody.explanations]
    response = predictor.predict(ids, simulated.cutoff)
    assert (everybody.as_of, everybody.models) == (response.as_of, response.models)
    for told, answer in zip(everybody.explanations, response.answers, strict=True):
        assert (told.customer_id, told.status) == (answer.customer_id, answer.status)
        assert (told.reason, told.retry_after) == (answer.reason, answer.retry_after)
        assert (told.churn is None) == (answer.churn is None)
        if answer.churn is None:
            assert told.next_purchase is None
            continue
        assert told.churn.p_churn == pytest.approx(answer.churn.p_churn, rel=1e-12)
        total = told.churn.baseline + sum(reason.effect for reason in told.churn.reasons)
        p_churn = np.clip(1 / (1 + np.exp(total)), 1e-6, 1 - 1e-6)
        assert p_churn == pytest.approx(answer.churn.p_churn, rel=0, abs=1e-9)
    assert {told.status for told in everybody.explanations} >= {"ok", "refused"}


def test_the_speed_is_that_of_the_training_build(simulated, everybody: ExplainResponse) -> None:
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    speed = dict(zip(frame["customer_id"], simulated.champions.timing.speed(frame), strict=True))
    told = {t.customer_id: t.next_purchase for t in everybody.explanations if t.next_purchase}
    both = told.keys() & speed.keys()  # an account that was joined to another has no row
    assert len(both) > 1300
    for customer_id in both:
        timing = told[customer_id]
        total = timing.baseline + sum(reason.effect for reason in timing.reasons)
        assert total == pytest.approx(timing.score, rel=0, abs=1e-9)
        assert timing.score == pytest.approx(speed[customer_id], rel=0, abs=1e-8)


def test_a_customer_alone_is_told_what_is_told_among_others(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    for told in everybody.explanations[:20]:
        (alone,) = predictor.explain([told.customer_id], simulated.cutoff).explanations
        for ours, theirs in (
            (alone.churn, told.churn),
            (alone.next_purchase, told.next_purchase),
        ):
            assert (ours is None) == (theirs is None)
            effects = [
                {r.family: r.effect for r in of.reasons} if of else {} for of in (ours, theirs)
            ]
            assert effects[0] == pytest.approx(effects[1], rel=0, abs=1e-9)


def test_no_sentence_has_a_hole(everybody: ExplainResponse) -> None:
    said = {sentence for sentences in _sentences(everybody).values() for sentence in sentences}
    assert len(said) > 500
    holes = re.compile(r"[{}\\]|\bnan\b|\bNone\b|\binf\b")
    assert not [sentence for sentence in said if holes.search(sentence)]


def test_a_sensitive_category_is_in_no_reason_even_if_it_is_bought_most(
    simulated, everybody: ExplainResponse
) -> None:
    folder = simulated.config.parent
    lines = pd.read_parquet(folder / "order_lines.parquet").merge(
        pd.read_parquet(folder / "products.parquet"), on="product_id"
    )
    lines = lines.merge(pd.read_parquet(folder / "orders.parquet"), on="order_id")
    top = lines.groupby("customer_id")["category"].agg(lambda column: column.mode()[0])
    said = _sentences(everybody)
    concerned = [customer for customer in top.index[top == "health"] if customer in said]
    assert len(concerned) > 10
    personal = re.compile(r"health|pregnan|pain relief|relig|catholic|protestant|muslim", re.I)
    for sentences in said.values():
        assert not [sentence for sentence in sentences if personal.search(sentence)]


def test_no_reasons_for_the_unknown_and_none_from_a_store_that_is_too_old(
    predictor: Predictor, simulated
) -> None:
    (told,) = predictor.explain(["nobody"], simulated.cutoff).explanations
    assert (told.status, told.churn, told.next_purchase) == ("unknown_customer", None, None)
    known = predictor.store.customer_ids()[0]
    (told,) = predictor.explain([known], simulated.cutoff + 5 * DAY).explanations
    assert (told.status, told.retry_after, told.churn) == ("unavailable", 3600, None)
    assert "build it again" in told.reason


@pytest.mark.parametrize("left", ["churn", "repurchase-timing", "best-channel"])
def test_each_champion_is_explained_as_it_answers(
    predictor: Predictor, simulated, everybody: ExplainResponse, left: str
) -> None:
    one = Champions({left: simulated.champions.by_kind[left]})
    customer = next(told.customer_id for told in everybody.explanations if told.churn)
    asked = replace(predictor, champions=one).explain([customer], simulated.cutoff)
    (told,) = asked.explanations
    assert (told.churn is not None) == (left == "churn")
    assert (told.channel is not None) == (left == "best-channel")
    assert told.next_purchase is None
    assert "has been promoted" in told.reason


def test_a_log_of_orders_alone_is_explained_in_dollars(cdnow) -> None:
    predictor = load_predictor(cdnow.shop, 48, 24)
    asked = predictor.explain(predictor.store.customer_ids()[:20], cdnow.cutoff)
    said = [s for sentences in _sentences(asked).values() for s in sentences]
    assert any(s.endswith(" USD.") for s in said)
    families = {r.family for told in asked.explanations for r in told.churn.reasons}
    assert "purchase history" in families
    assert not families & {"messages", "returns", "visits and browsing"}


def test_the_order_and_repetitions_of_the_request_are_kept(predictor: Predictor, simulated) -> None:
    first, second = predictor.store.customer_ids()[:2]
    asked = [second, first, second]
    told = predictor.explain(asked, simulated.cutoff).explanations
    assert [explanation.customer_id for explanation in told] == asked
    assert told[0] == told[2]
    assert predictor.explain([], simulated.cutoff).explanations == []


def test_more_customers_than_are_explained_at_once_are_refused(
    predictor: Predictor, simulated
) -> None:
    with pytest.raises(InputError, match="at most 20 customers to explain at once, got 21"):
        predictor.explain(["x"] * 21, simulated.cutoff)


Pairs = list[tuple[Channel, ChannelReasons]]


def _channels(predictor: Predictor, as_of: int, explained: ExplainResponse | None = None) -> Pairs:
    """What is answered of the channel, beside its reasons, for all or for 20."""
    ids = predictor.store.customer_ids()[:20]
    explained = explained or predictor.explain(ids, as_of)
    ids = [told.customer_id for told in explained.explanations]
    answers: list[Answer] = predictor.predict(ids, as_of).answers
    pairs = zip(answers, explained.explanations, strict=True)
    return [(answer.channel, told.channel) for answer, told in pairs if answer.channel]


def _with_channels(predictor: Predictor, level: str = "exploring", **channels: object) -> Predictor:
    """The same under other settings of nextbuy.toml, or had it drawn nothing at random."""
    version = predictor.champions.by_kind["best-channel"]
    model = version.model
    if level == "observational":
        found = model.evidence.items()
        evidence = {arm: msgspec.structs.replace(of, randomised=0) for arm, of in found}
        model = msgspec.structs.replace(model, level=level, evidence=evidence)
    by_kind = predictor.champions.by_kind | {"best-channel": replace(version, model=model)}
    section = msgspec.structs.replace(predictor.shop.channels, **channels)
    shop = msgspec.structs.replace(predictor.shop, channels=section)
    return replace(predictor, champions=Champions(by_kind), shop=shop)


def test_channels_are_explained_where_they_are_answered(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    for told in everybody.explanations:
        assert (told.channel is None) == (told.status in ("refused", "unknown_customer"))
    contacts = [told for told in everybody.explanations if told.status == "no_purchase"]
    assert contacts
    assert all(told.churn is None and told.channel.reasons for told in contacts)
    shown = ("recommended", "level", "basis", "runner_up")
    for channel, told in _channels(predictor, simulated.cutoff, everybody):
        assert [getattr(told, name) for name in shown] == [getattr(channel, name) for name in shown]
        assert (told.lead is None) == (channel.lead is None)
        assert told.lead is None or told.lead == pytest.approx(channel.lead, rel=1e-9)
        assert told.currency == "EUR"


def test_the_reasons_of_a_channel_sum_to_its_distance_from_the_runner_up(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    compared = 0
    for channel, told in _channels(predictor, simulated.cutoff, everybody):
        if channel.runner_up is None:
            assert [reason.effect for reason in told.reasons] == [None]
            continue
        p = {ranked.channel: ranked.p_conversion for ranked in channel.ranking}
        expected = logit(p[channel.recommended]) - logit(p[channel.runner_up])
        total = sum(reason.effect for reason in told.reasons)
        assert total == pytest.approx(expected, rel=0, abs=1e-9)
        compared += 1
    assert compared > 1000


def test_every_channel_that_is_out_is_listed_and_one_may_have_been_the_first(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    missed = 0
    for channel, told in _channels(predictor, simulated.cutoff, everybody):
        out = [ranked for ranked in channel.ranking if not ranked.eligible]
        assert [(e.channel, e.why_not, e.eligible_from) for e in told.excluded] == [
            (ranked.channel, ranked.why_not, ranked.eligible_from) for ranked in out
        ]
        best = max(channel.ranking, key=lambda ranked: ranked.expected_margin)
        for excluded in told.excluded:
            start = "Would have been first: " if excluded.channel == best.channel else "Out: "
            assert excluded.sentence == f"{start}{excluded.channel}; {excluded.why_not}."
            missed += excluded.channel == best.channel
    assert missed > 100


def test_cost_that_decides_is_told_with_its_amounts(predictor: Predictor, simulated) -> None:
    dear = {arm: 50.0 for arm in ("email", "sms", "web_push", "phone")}
    decided = 0
    for channel, told in _channels(_with_channels(predictor, cost=dear), simulated.cutoff):
        open_to = [ranked for ranked in channel.ranking if ranked.eligible]
        likeliest = max(open_to, key=lambda ranked: ranked.p_conversion).channel
        of_money = [r for r in told.reasons if r.family == "cost and fatigue"]
        assert len(of_money) == (likeliest != channel.recommended)
        assert all(" less 50 EUR, against" in reason.sentence for reason in of_money)
        decided += len(of_money)
    assert decided > 3


@pytest.mark.parametrize("order", [[], ["sms", "email"]])
def test_without_random_draws_nothing_is_claimed(
    predictor: Predictor, simulated, order: list[str]
) -> None:
    asked = _with_channels(predictor, "observational", default_order=order)
    said = set()
    for channel, told in _channels(asked, simulated.cutoff):
        assert (told.level, told.basis, told.runner_up, told.lead) == (
            *("observational", "association"),
            *(None, None),
        )
        assert {(r.effect, r.direction, r.feature) for r in told.reasons} == {(None, None, None)}
        first = order[0] if order else asked.champions.channel.fixed_order[0]
        missed = [e.channel for e in told.excluded if e.sentence.startswith("Would have been")]
        assert missed == ([first] if channel.recommended != first else [])
        said |= {r.sentence for r in (*told.reasons, *told.excluded)}
    assert any("Nothing was drawn at random" in sentence for sentence in said)
    assert not [s for s in said if re.search("uplift|effect|because", s)]
