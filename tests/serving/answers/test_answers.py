"""Predictions in answers: equal to those of the training build, coherent, and per model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.arrays import object_array
from features.language.vocabulary import Vocabulary
from features.shop.shop import Shop
from features.store.address import store_path
from features.store.fresh import FreshStore
from features.store.sqlite_store import SqliteStore
from features.windows import DAY, to_datetime
from models.artefact import ArtefactHead
from models.btyd.bg_nbd import BgNbd
from models.kinds import CHURN, TIMING, Model, ModelKind
from models.purchase.churn import ChurnModel
from models.purchase.forecast import P_WITHIN_DAYS, make_forecast
from models.purchase.timing import TimingModel
from models.registry import Champions, LoadedVersion
from serving.answers.answers import make_answers
from serving.answers.predictor import Predictor
from serving.answers.replenishment import MAX_DUE
from training.channel.draws.send_situations import add_situations


def test_an_answer_equals_the_predictions_on_the_training_build(
    predictor: Predictor, simulated, buyers
) -> None:
    """DuckDB over the log and the history store give the same predictions.

    What customers may be sent, and on which occasion, is read from the log as a training does for
    a message that was sent just after the cutoff.
    """
    response = predictor.predict(list(buyers.index), simulated.cutoff, simulated.cutoff)
    answered = [a for a in response.answers if a.status == "ok"]
    assert len(answered) > 1300
    rows = buyers.loc[[a.customer_id for a in answered]]
    champions = simulated.champions
    forecast = make_forecast(champions.churn, champions.timing, rows)
    p_channel = champions.channel.predict(_with_situations(simulated, rows))
    for row_index, answer in enumerate(answered):
        assert answer.churn.p_churn == pytest.approx(forecast.p_churn[row_index], rel=1e-9)
        for days in P_WITHIN_DAYS:
            expected = forecast.within[row_index, days]
            assert answer.next_purchase.p_within[str(days)] == pytest.approx(expected, rel=1e-9)
        expected_spend = forecast.expected_spend[row_index] / 100
        assert answer.value.expected_spend == pytest.approx(expected_spend, rel=1e-9)
        for ranked in answer.channel.ranking:
            expected = p_channel[ranked.channel][row_index]
            assert ranked.p_conversion == pytest.approx(expected, rel=1e-9)


def _with_situations(simulated, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the situations of messages to the customers of some rows, sent just after the cutoff."""
    sent_at = simulated.cutoff + 1
    messages = rows.reset_index().assign(
        sent_at=sent_at,
        occasion_at=sent_at,
        channel="none",
        randomised=False,
        propensity=np.nan,
        chances=None,
    )
    return add_situations(simulated.log, messages, simulated.cutoff).rows


def test_an_answer_is_coherent_and_its_instants_are_in_order(
    predictor: Predictor, simulated, buyers
) -> None:
    as_of = to_datetime(simulated.cutoff)
    for answer in predictor.predict(list(buyers.index)[:200], simulated.cutoff).answers:
        if answer.status != "ok":
            continue
        churn, following, value = answer.churn, answer.next_purchase, answer.value
        assert following.p_within["90"] == pytest.approx(1 - churn.p_churn, abs=1e-9)
        assert list(following.p_within.values()) == sorted(following.p_within.values())
        assert (following.expected_at is None) == (following.p_within["90"] < 0.5)
        assert value.expected_purchases >= following.p_within["90"] - 1e-12
        (a, d), (b, c) = following.if_returns.window_80, following.if_returns.window_50
        assert as_of < a <= b <= following.if_returns.median_at <= c <= d
        assert 0 <= churn.percentile <= 100


def test_the_most_overdue_category_of_an_answer_is_the_feature_s(
    predictor: Predictor, simulated, buyers
) -> None:
    answers = predictor.predict(list(buyers.index), simulated.cutoff).answers
    compared = 0
    for answer in answers:
        if answer.status != "ok":
            continue
        row, due = buyers.loc[answer.customer_id], answer.next_purchase.due
        if len(due) < MAX_DUE and row["due_category_days"] <= 90:
            due_at = {d.category: d.due_at for d in due}[row["due_category"]]
            days = (due_at - to_datetime(simulated.cutoff)).total_seconds() * 1e6 / DAY
            assert days == pytest.approx(row["due_category_days"], abs=1e-6)
            compared += 1
        gap, median = answer.next_purchase.typical_gap_days, row["gap_median"]
        assert gap == median if row["frequency"] else gap is None
    assert compared > 500


def test_a_contact_without_an_order_is_answered_by_channel_only(
    simulated, predictor: Predictor, buyers, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = next(
        a.customer_id
        for a in predictor.predict(list(buyers.index), simulated.cutoff).answers
        if a.status == "ok"
    )
    tables = predictor.store.read([customer_id])[customer_id]
    del tables["orders"]
    monkeypatch.setattr(FreshStore, "read", lambda *_: {customer_id: tables})
    answer = predictor.predict([customer_id], simulated.cutoff).answers[0]
    assert answer.status == "no_purchase"
    assert answer.churn is answer.next_purchase is answer.value is None
    assert answer.channel is not None


@pytest.mark.parametrize("left", ["churn", "repurchase-timing", "best-channel"])
def test_each_champion_answers_alone(predictor: Predictor, simulated, buyers, left: str) -> None:
    one = Champions({left: simulated.champions.by_kind[left]})
    answers = replace(predictor, champions=one).predict(list(buyers.index)[:20], simulated.cutoff)
    answer = next(a for a in answers.answers if a.status != "refused")
    assert (answer.churn is not None) == (left == "churn")
    assert (answer.channel is not None) == (left == "best-channel")
    assert answer.next_purchase is None
    assert "has been promoted" in answer.reason


def test_a_longer_silence_raises_p_churn(simulated) -> None:
    """The same customers a month later, without a purchase since, are more likely to churn."""
    store = SqliteStore(store_path(simulated.shop))
    predictor = Predictor(simulated.shop, store, simulated.champions, 24 * 60, 24)
    ids = store.customer_ids()
    now, later = (
        {a.customer_id: a.churn.p_churn for a in predictor.predict(ids, t).answers if a.churn}
        for t in (simulated.cutoff, simulated.cutoff + 30 * DAY)
    )
    risen = np.array([later[i] - now[i] for i in now])
    assert (risen >= -0.02).mean() > 0.95
    assert risen.mean() > 0.02
    store.close()


def test_without_models_an_answer_tells_buyers_from_contacts(shop: Shop) -> None:
    features = {
        "T": np.array([np.nan, 40.0]),
        "activity_group": object_array([None, "reward"]),
        "contact_score": np.array([3.0, 12.0]),
    }
    histories = {"contact": {}, "buyer": {}}
    answers = make_answers(Champions({}), shop, histories, features, 0)
    assert list(answers) == ["contact", "buyer"]
    assert [answer.status for answer in answers.values()] == ["no_purchase", "ok"]
    assert [answer.activity_group for answer in answers.values()] == [None, "reward"]
    assert [answer.contact_score for answer in answers.values()] == [3, 12]
    for answer in answers.values():
        assert answer.churn is answer.next_purchase is answer.value is answer.channel is None


def _loaded(kind: ModelKind, model: Model) -> LoadedVersion:
    head = ArtefactHead(kind, "shop", "EUR", "2025-01-01", "buyers", Vocabulary({}), {})
    return LoadedVersion("1", head, model, {})


def test_windows_hold_the_central_half_and_four_fifths_of_the_returns(shop: Shop) -> None:
    btyd = BgNbd(0.24, 4.4, 0.79, 2.43)
    churn = ChurnModel(90, btyd, [0.0] * 101, -1.0)
    timing = TimingModel(90, [10, 30, 90], btyd, None, None, [-1.0, -1.0])
    champions = Champions({CHURN: _loaded(CHURN, churn), TIMING: _loaded(TIMING, timing)})
    features = {
        "frequency": np.array([0.0, 3.0, 40.0]),
        "recency": np.array([0.0, 200.0, 390.0]),
        "T": np.array([50.0, 300.0, 400.0]),
        "monetary_value": np.full(3, np.nan),
        "gap_median": np.full(3, np.nan),
        "activity_group": object_array([None] * 3),
        "contact_score": np.zeros(3),
    }
    answers = make_answers(champions, shop, {"a": {}, "b": {}, "c": {}}, features, 0)
    for law, answer in zip(timing.given_return(features), answers.values(), strict=True):
        found = answer.next_purchase.if_returns
        ends = (*found.window_80, *found.window_50, found.median_at)
        days = [end.timestamp() * 1e6 / DAY for end in ends]
        shares = np.interp(days, np.arange(91), law)
        assert shares == pytest.approx([0.1, 0.9, 0.25, 0.75, 0.5], abs=1e-6)
