"""Reasons at ask time: whom they are given for, that they are exact, and what is never said."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.engines.build import build_features
from features.inputs.faults import InputError
from features.inputs.windows import DAY
from models.registry import Champions
from serving.predictor import Predictor, load_predictor
from serving.schemas import ExplainResponse


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
