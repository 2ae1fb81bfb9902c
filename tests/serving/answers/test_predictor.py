"""Answers computed in process: statuses, time, consent, and the models behind them."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.engines.sql.feature_build import build_features
from features.errors import InputError, NextbuyError
from features.shop.shop import SensitiveSection, read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.store.sqlite_store import SqliteStore
from features.windows import DAY, to_datetime
from models.channel.best_moment import ChannelMoments, Habit, Moments
from models.purchase.forecast import P_WITHIN_DAYS, make_forecast
from models.registry import Champions
from serving.answers.predictor import Predictor, load_predictor
from serving.answers.replenishment import MAX_DUE
from serving.bulk.offline import predict_once


@pytest.fixture(scope="module")
def predictor(simulated) -> Predictor:
    return load_predictor(simulated.shop, 48, 24)


@pytest.fixture(scope="module")
def buyers(simulated):
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    return frame.set_index("customer_id")


@pytest.mark.parametrize("n", [0, 1, 3])
def test_every_customer_asked_about_is_answered_in_order(
    predictor: Predictor, simulated, n: int
) -> None:
    asked = predictor.store.customer_ids()[:n]
    response = predictor.predict(asked, simulated.cutoff)
    assert [answer.customer_id for answer in response.answers] == asked
    assert response.models == simulated.promoted


def test_an_answer_is_what_the_champions_say_of_the_training_build(
    predictor: Predictor, simulated, buyers
) -> None:
    """The same numbers from DuckDB over the log and from the store at ask time."""
    response = predictor.predict(list(buyers.index), simulated.cutoff)
    answered = [a for a in response.answers if a.status == "ok"]
    assert len(answered) > 1300
    rows = buyers.loc[[a.customer_id for a in answered]]
    champions = simulated.champions
    forecast = make_forecast(champions.churn, champions.timing, rows)
    p_channel = champions.channel.predict(rows)
    for place, answer in enumerate(answered):
        assert answer.churn.p_churn == pytest.approx(forecast.p_churn[place], rel=1e-9)
        for days in P_WITHIN_DAYS:
            expected = forecast.within[place, days]
            assert answer.next_purchase.p_within[str(days)] == pytest.approx(expected, rel=1e-9)
        expected_spend = forecast.expected_spend[place] / 100
        assert answer.value.expected_spend == pytest.approx(expected_spend, rel=1e-9)
        for ranked in answer.channel.ranking:
            expected = p_channel[ranked.channel][place]
            assert ranked.p_conversion == pytest.approx(expected, rel=1e-9)


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


def test_a_category_that_was_called_sensitive_after_the_build_is_not_named(
    predictor: Predictor, simulated, buyers
) -> None:
    ids = list(buyers.index)[:200]

    def named(one: Predictor) -> set[str]:
        answers = one.predict(ids, simulated.cutoff).answers
        return {due.category for a in answers if a.next_purchase for due in a.next_purchase.due}

    word = min(named(predictor))
    sensitive = SensitiveSection(words=[word])
    shop = msgspec.structs.replace(predictor.shop, sensitive=sensitive)
    assert named(replace(predictor, shop=shop)) == named(predictor) - {word}


def test_a_customer_is_the_same_alone_and_among_others(
    predictor: Predictor, simulated, buyers
) -> None:
    ids = list(buyers.index)[:50]
    together = predictor.predict(ids, simulated.cutoff).answers
    for customer_id, answer in zip(ids, together, strict=True):
        alone = predictor.predict([customer_id], simulated.cutoff).answers[0]
        assert alone.status == answer.status
        if answer.status == "ok":
            # vectorised logarithms may differ in the last bit
            within = answer.next_purchase.p_within
            assert alone.next_purchase.p_within == pytest.approx(within, rel=1e-12)
            assert alone.churn.p_churn == pytest.approx(answer.churn.p_churn, rel=1e-12)
            assert alone.channel.recommended == answer.channel.recommended


def test_an_unknown_customer_and_a_repeated_one_are_answered_as_such(
    predictor: Predictor, simulated
) -> None:
    known = predictor.store.customer_ids()[0]
    answers = predictor.predict(["nobody", known, known], simulated.cutoff).answers
    assert [a.status for a in answers] == ["unknown_customer", answers[1].status, answers[1].status]
    assert answers[0].churn is answers[0].channel is None
    assert answers[1] == answers[2]


def _linked(simulated) -> set[str]:
    """Accounts and customers that an identity joins."""
    query = (
        "SELECT customer_id FROM history_identities UNION SELECT customer FROM history_identities"
    )
    return {row[0] for row in simulated.log.connection.execute(query).fetchall()}


def test_objections_are_refused_and_nobody_else(predictor: Predictor, simulated) -> None:
    query = (
        "SELECT customer_id FROM consents WHERE scope = 'profiling' AND NOT granted "
        f"AND changed_at <= {simulated.cutoff}"
    )
    objected = {row[0] for row in simulated.log.connection.execute(query).fetchall()}
    answers = predictor.predict(predictor.store.customer_ids(), simulated.cutoff).answers
    refused = {answer.customer_id for answer in answers if answer.status == "refused"}
    assert refused - _linked(simulated) == objected - _linked(simulated)
    assert objected <= refused | _linked(simulated)
    assert objected
    for answer in answers:
        if answer.status == "refused":
            assert answer.churn is answer.value is answer.channel is None


def test_only_channels_with_consent_are_recommended(predictor: Predictor, simulated) -> None:
    query = (
        "SELECT customer_id, scope FROM consents "
        f"WHERE changed_at <= {simulated.cutoff} GROUP BY ALL HAVING arg_max(granted, changed_at)"
    )
    consented = set(simulated.log.connection.execute(query).fetchall())
    answers = predictor.predict(predictor.store.customer_ids(), simulated.cutoff).answers
    recommended = [(a.customer_id, a.channel.recommended) for a in answers if a.channel]
    shares = pd.Series([channel for _, channel in recommended]).value_counts(normalize=True)
    assert (shares[["email", "sms", "none"]] > 0.05).all()
    linked = _linked(simulated)  # who may have consented by another id
    asked = {pair for pair in recommended if pair[1] != "none" and pair[0] not in linked}
    assert asked <= consented
    for answer in answers:
        for ranked in answer.channel.ranking if answer.channel else []:
            assert ranked.eligible == (ranked.why_not is None)


def test_only_what_was_known_at_the_instant_is_read(simulated, tmp_path: Path) -> None:
    """A store built a year later gives the same answers about the same instant."""
    earlier = simulated.cutoff - 60 * DAY
    build_store(simulated.log, tmp_path / "then.sqlite", earlier)
    build_store(simulated.log, tmp_path / "later.sqlite", keep_days={})
    responses, statistics = [], None
    for name in ("then", "later"):
        store = SqliteStore(tmp_path / f"{name}.sqlite")
        statistics = statistics or store.info.lookups  # those built at the instant asked about
        store.info = msgspec.structs.replace(store.info, lookups=statistics)
        predictor = Predictor(simulated.shop, store, simulated.champions, 1e9, 24)
        ids = store.customer_ids()
        responses.append({a.customer_id: a for a in predictor.predict(ids, earlier).answers})
        store.close()
    then, later = responses
    assert then == {i: later[i] for i in then}
    assert {a.status for i, a in later.items() if i not in then} <= {"unknown_customer"}


def test_an_instant_before_the_last_build_is_answered_as_it_was_before_it(
    simulated, tmp_path: Path
) -> None:
    earlier, path = simulated.cutoff - 10 * DAY, tmp_path / "store.sqlite"
    ids: list[str] = []
    told = []
    for cutoff in (earlier, simulated.cutoff):
        build_store(simulated.log, path, cutoff)
        store = SqliteStore(path)
        ids = ids or store.customer_ids()
        predictor = Predictor(simulated.shop, store, simulated.champions, 1e9, 24)
        told.append(predictor.predict(ids, earlier).answers)
        assert "are there from" in (predictor.unavailable(earlier - 1) or "")
        store.close()
    assert told[0] == told[1]
    assert {answer.status for answer in told[0]} >= {"ok", "refused"}


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


def test_a_messaged_contact_who_never_bought_has_channel_and_best_moment(
    simulated, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = next(
        tables["messages"]
        for tables in predictor.store.read(predictor.store.customer_ids()).values()
        if "messages" in tables and "email" in tables["messages"]["channel"]
    )
    monkeypatch.setattr(FreshStore, "read", lambda *_: {"contact": {"messages": sent}})
    planted = _with_evenings(predictor, quiet_hours={})
    answer = planted.predict(["contact"], simulated.cutoff).answers[0]
    assert answer.status == "no_purchase"
    assert answer.channel.recommended == "none"  # nobody has asked for consent
    told = {ranked.channel: ranked for ranked in answer.channel.ranking}
    assert told.keys() >= {"email", "sms", "none"}
    moment = told["email"].best_moment
    assert (moment.weekday, moment.hour, moment.basis) == (None, 18, "association")
    assert told["none"].best_moment is None


def test_a_best_moment_is_outside_the_quiet_hours_of_the_shop(
    simulated, predictor: Predictor
) -> None:
    night = {"email": ["20:00", "08:00"]}
    ids = predictor.store.customer_ids()[:50]
    for quiet, hours in (({}, {18}), (night, {9})):
        told = _with_evenings(predictor, quiet).predict(ids, simulated.cutoff).answers
        moments = [r.best_moment for a in told if a.channel for r in a.channel.ranking]
        assert {moment.hour for moment in moments if moment} == hours


def _with_evenings(predictor: Predictor, quiet_hours: dict[str, list[str]]) -> Predictor:
    """The same, had e-mails done best in the evening, and second best in the morning."""
    version = predictor.champions.by_kind["best-channel"]
    even = Habit([1 / 7] * 7, [1 / 8] * 8)
    email = ChannelMoments("email", "click", 5000, [0.0] * 7, [-1.0] * 3 + [8.0, 0, 0, 16.0, -1.0])
    model = msgspec.structs.replace(version.model, moments=Moments([email], even, even))
    by_kind = predictor.champions.by_kind | {"best-channel": replace(version, model=model)}
    channels = msgspec.structs.replace(predictor.shop.channels, quiet_hours=quiet_hours)
    shop = msgspec.structs.replace(predictor.shop, channels=channels)
    return replace(predictor, champions=Champions(by_kind), shop=shop)


def test_a_store_that_is_too_old_answers_nothing(predictor: Predictor, simulated) -> None:
    ids = predictor.store.customer_ids()[:2]
    fresh = predictor.predict(ids, simulated.cutoff + 2 * DAY)
    stale = predictor.predict(ids, simulated.cutoff + 2 * DAY + 60_000_000)
    assert {a.status for a in fresh.answers} != {"unavailable"}
    assert [a.status for a in stale.answers] == ["unavailable"] * 2
    assert "48 hours before as_of" in stale.answers[0].reason
    assert stale.answers[0].retry_after == 3600


def test_without_champions_nothing_is_answered(predictor: Predictor, simulated) -> None:
    empty = replace(predictor, champions=Champions({}))
    answer = empty.predict(["x"], simulated.cutoff).answers[0]
    assert answer.status == "unavailable"
    assert "no model has been promoted yet" in answer.reason


@pytest.mark.parametrize("left", ["churn", "repurchase-timing", "best-channel"])
def test_each_champion_answers_alone(predictor: Predictor, simulated, buyers, left: str) -> None:
    one = Champions({left: simulated.champions.by_kind[left]})
    answers = replace(predictor, champions=one).predict(list(buyers.index)[:20], simulated.cutoff)
    answer = next(a for a in answers.answers if a.status != "refused")
    assert (answer.churn is not None) == (left == "churn")
    assert (answer.channel is not None) == (left == "best-channel")
    assert answer.next_purchase is None
    assert "has been promoted" in answer.reason


def test_a_log_of_orders_alone_has_no_channel_and_says_why(cdnow) -> None:
    predictor = load_predictor(cdnow.shop, 48, 24)
    answer = predictor.predict(predictor.store.customer_ids()[:1], cdnow.cutoff).answers[0]
    assert (answer.status, answer.channel) == ("ok", None)
    assert answer.next_purchase.due is None
    assert answer.reason == (
        "channel is null because no best-channel model has been promoted, which learns from the "
        "table messages that the shop does not give; next_purchase.due is null "
        "because the shop gives no table order_lines and no column products.category"
    )


def test_an_instant_in_the_future_is_refused(simulated) -> None:
    with pytest.raises(InputError, match="as_of: expected an instant not after now"):
        predict_once(simulated.config, ["x"], "2999-01-01")
    assert store_path(simulated.shop).is_file()


def test_the_command_line_answers_under_the_settings_of_the_service(
    simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = to_datetime(simulated.cutoff + 5 * DAY).isoformat()
    assert predict_once(simulated.config, ["x"], late).answers[0].status == "unavailable"
    monkeypatch.setenv("NEXTBUY_MAX_AGE_HOURS", "240")
    assert predict_once(simulated.config, ["x"], late).answers[0].status == "unknown_customer"


def test_a_longer_silence_raises_p_churn(simulated) -> None:
    """Directional: the same customers, asked again a month later without a purchase."""
    store = SqliteStore(store_path(simulated.shop))
    asked = Predictor(simulated.shop, store, simulated.champions, 24 * 60, 24)
    ids = store.customer_ids()
    now, later = (
        {a.customer_id: a.churn.p_churn for a in asked.predict(ids, t).answers if a.churn}
        for t in (simulated.cutoff, simulated.cutoff + 30 * DAY)
    )
    risen = np.array([later[i] - now[i] for i in now])
    assert (risen >= -0.02).mean() > 0.95
    assert risen.mean() > 0.02
    store.close()


@pytest.mark.parametrize(
    ("was", "now"), [('currency = "EUR"', 'currency = "JPY"'), ("Europe/Warsaw", "Asia/Tokyo")]
)
def test_settings_that_changed_after_the_build_are_refused(
    simulated, tmp_path: Path, was: str, now: str
) -> None:
    """Else 237 EUR would be answered as 23,700 JPY."""
    config = tmp_path / "nextbuy.toml"
    workspace = f'workspace = "{simulated.shop.workspace}"\n'
    text = (
        simulated.config.read_text().replace(was, now).replace("[shop]\n", "[shop]\n" + workspace)
    )
    config.write_text(text)
    with pytest.raises(NextbuyError, match="the history store was made with EUR and Europe/Warsaw"):
        load_predictor(read_shop(config), 48, 24)


def test_a_store_without_a_table_that_the_models_read_is_refused(
    simulated, predictor: Predictor
) -> None:
    info = predictor.store.info
    tables = {"orders": info.vocabulary.tables["orders"]}
    vocabulary = msgspec.structs.replace(info.vocabulary, tables=tables)
    orders_only = msgspec.structs.replace(info, vocabulary=vocabulary)
    store = SqliteStore(store_path(simulated.shop))
    store.info = orders_only
    with pytest.raises(NextbuyError, match=r"email_.*built without the table or column"):
        replace(predictor, store=store)
    store.close()


def test_a_channel_that_is_no_longer_used_is_no_reason_to_stop(
    simulated, predictor: Predictor
) -> None:
    store = SqliteStore(store_path(simulated.shop))
    vocabulary = msgspec.structs.replace(store.info.vocabulary, channels=[])
    store.info = msgspec.structs.replace(store.info, vocabulary=vocabulary)
    answers = replace(predictor, store=store).predict(store.customer_ids()[:5], simulated.cutoff)
    assert {a.status for a in answers.answers} <= {"ok", "refused"}
    store.close()
