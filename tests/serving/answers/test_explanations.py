"""Explanations: whom they are given for, that they are exact, and what no sentence names."""

import re
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.errors import InputError
from features.windows import DAY
from models.registry import Champions
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.reason_schemas import ExplainResponse


def _sentences(response: ExplainResponse) -> dict[str, list[str]]:
    return {
        explanation.customer_id: [
            r.sentence for r in (*explanation.churn.reasons, *explanation.next_purchase.reasons)
        ]
        for explanation in response.explanations
        if explanation.churn
    }


def test_the_reasons_are_those_of_the_answers(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    ids = [explanation.customer_id for explanation in everybody.explanations]
    response = predictor.predict(ids, simulated.cutoff)
    assert (everybody.as_of, everybody.models) == (response.as_of, response.models)
    for explanation, answer in zip(everybody.explanations, response.answers, strict=True):
        assert (explanation.customer_id, explanation.status) == (answer.customer_id, answer.status)
        assert (explanation.reason, explanation.retry_after) == (answer.reason, answer.retry_after)
        assert (explanation.churn is None) == (answer.churn is None)
        if answer.churn is None:
            assert explanation.next_purchase is None
            continue
        assert explanation.churn.p_churn == pytest.approx(answer.churn.p_churn, rel=1e-12)
        total = explanation.churn.baseline + sum(
            reason.effect for reason in explanation.churn.reasons
        )
        p_churn = np.clip(1 / (1 + np.exp(total)), 1e-6, 1 - 1e-6)
        assert p_churn == pytest.approx(answer.churn.p_churn, rel=0, abs=1e-9)
    assert {explanation.status for explanation in everybody.explanations} >= {"ok", "refused"}


def test_the_speed_is_that_of_the_training_build(simulated, everybody: ExplainResponse) -> None:
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    speed = dict(zip(frame["customer_id"], simulated.champions.timing.speed(frame), strict=True))
    reasons_by_customer = {
        e.customer_id: e.next_purchase for e in everybody.explanations if e.next_purchase
    }
    both = (
        reasons_by_customer.keys() & speed.keys()
    )  # an account that was joined to another has no row
    assert len(both) > 1300
    for customer_id in both:
        timing = reasons_by_customer[customer_id]
        total = timing.baseline + sum(reason.effect for reason in timing.reasons)
        assert total == pytest.approx(timing.score, rel=0, abs=1e-9)
        assert timing.score == pytest.approx(speed[customer_id], rel=0, abs=1e-8)


def test_a_customer_alone_is_explained_as_among_others(
    predictor: Predictor, simulated, everybody: ExplainResponse
) -> None:
    for explanation in everybody.explanations[:20]:
        (alone,) = predictor.explain([explanation.customer_id], simulated.cutoff).explanations
        for ours, theirs in (
            (alone.churn, explanation.churn),
            (alone.next_purchase, explanation.next_purchase),
        ):
            assert (ours is None) == (theirs is None)
            effects = [
                {r.family: r.effect for r in of.reasons} if of else {} for of in (ours, theirs)
            ]
            assert effects[0] == pytest.approx(effects[1], rel=0, abs=1e-9)


def test_no_sentence_has_a_hole(everybody: ExplainResponse) -> None:
    distinct = {sentence for sentences in _sentences(everybody).values() for sentence in sentences}
    assert len(distinct) > 500
    holes = re.compile(r"[{}\\]|\bnan\b|\bNone\b|\binf\b")
    assert not [sentence for sentence in distinct if holes.search(sentence)]


def test_a_sensitive_category_is_in_no_reason_even_if_it_is_bought_most(
    simulated, everybody: ExplainResponse
) -> None:
    folder = simulated.config.parent
    lines = pd.read_parquet(folder / "order_lines.parquet").merge(
        pd.read_parquet(folder / "products.parquet"), on="product_id"
    )
    lines = lines.merge(pd.read_parquet(folder / "orders.parquet"), on="order_id")
    top = lines.groupby("customer_id")["category"].agg(lambda column: column.mode()[0])
    sentences_by_customer = _sentences(everybody)
    concerned = [
        customer for customer in top.index[top == "health"] if customer in sentences_by_customer
    ]
    assert len(concerned) > 10
    personal = re.compile(r"health|pregnan|pain relief|relig|catholic|protestant|muslim", re.I)
    for sentences in sentences_by_customer.values():
        assert not [sentence for sentence in sentences if personal.search(sentence)]


def test_no_reasons_for_the_unknown_and_none_from_a_store_that_is_too_old(
    predictor: Predictor, simulated
) -> None:
    (explanation,) = predictor.explain(["nobody"], simulated.cutoff).explanations
    assert (explanation.status, explanation.churn, explanation.next_purchase) == (
        "unknown_customer",
        None,
        None,
    )
    known = predictor.store.customer_ids()[0]
    (explanation,) = predictor.explain([known], simulated.cutoff + 5 * DAY).explanations
    assert (explanation.status, explanation.retry_after, explanation.churn) == (
        "unavailable",
        3600,
        None,
    )
    assert "build it again" in explanation.reason


@pytest.mark.parametrize("left", ["churn", "repurchase-timing", "best-channel"])
def test_each_champion_is_explained_as_it_answers(
    predictor: Predictor, simulated, everybody: ExplainResponse, left: str
) -> None:
    one = Champions({left: simulated.champions.by_kind[left]})
    customer = next(
        explanation.customer_id for explanation in everybody.explanations if explanation.churn
    )
    response = replace(predictor, champions=one).explain([customer], simulated.cutoff)
    (explanation,) = response.explanations
    assert (explanation.churn is not None) == (left == "churn")
    assert (explanation.channel is not None) == (left == "best-channel")
    assert explanation.next_purchase is None
    assert "has been promoted" in explanation.reason


def test_a_log_of_orders_alone_is_explained_in_dollars(cdnow) -> None:
    with closing(load_predictor(cdnow.shop, 48, 24)) as predictor:
        response = predictor.explain(predictor.store.customer_ids()[:20], cdnow.cutoff)
    texts = [s for sentences in _sentences(response).values() for s in sentences]
    assert any(s.endswith(" USD.") for s in texts)
    families = {
        r.family for explanation in response.explanations for r in explanation.churn.reasons
    }
    assert "purchase history" in families
    assert not families & {"messages", "returns", "visits and browsing"}


def test_the_order_and_repetitions_of_the_request_are_kept(predictor: Predictor, simulated) -> None:
    first, second = predictor.store.customer_ids()[:2]
    customer_ids = [second, first, second]
    explanations = predictor.explain(customer_ids, simulated.cutoff).explanations
    assert [explanation.customer_id for explanation in explanations] == customer_ids
    assert explanations[0] == explanations[2]
    assert predictor.explain([], simulated.cutoff).explanations == []


def test_more_customers_than_are_explained_at_once_are_refused(
    predictor: Predictor, simulated
) -> None:
    with pytest.raises(InputError, match="at most 20 customers to explain at once, got 21"):
        predictor.explain(["x"] * 21, simulated.cutoff)
