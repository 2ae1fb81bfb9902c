"""Channels of answers: consent, ranking, margins and best moments."""

from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.arrays import Flags
from features.store.fresh import FreshStore
from models.channel.best_moment import ChannelMoments, Habit, Moments
from models.channel.model import ChannelPredictions
from models.registry import Champions
from serving.answers.predictor import Predictor


def test_only_channels_with_consent_are_recommended(
    predictor: Predictor, simulated, joined_accounts: set[str]
) -> None:
    query = (
        "SELECT customer_id, scope FROM consents "
        f"WHERE changed_at <= {simulated.cutoff} GROUP BY ALL HAVING arg_max(granted, changed_at)"
    )
    consented = set(simulated.log.connection.execute(query).fetchall())
    answers = predictor.predict(predictor.store.customer_ids(), simulated.cutoff).answers
    recommended = [(a.customer_id, a.channel.recommended) for a in answers if a.channel]
    shares = pd.Series([channel for _, channel in recommended]).value_counts(normalize=True)
    assert (shares[["email", "sms", "none"]] > 0.05).all()
    messaged = {pair for pair in recommended if pair[1] != "none"}
    # A customer of several accounts may have consented by another id.
    assert {pair for pair in messaged if pair[0] not in joined_accounts} <= consented
    for answer in answers:
        for ranked in answer.channel.ranking if answer.channel else []:
            assert ranked.eligible == (ranked.why_not is None)
            # an effect is one among those who could have been sent it
            states = ranked.eligible and ranked.channel != "none"
            assert (ranked.uplift is not None) == (ranked.uplift_90 is not None) == states


def test_a_personal_choice_is_compared_with_the_best_of_the_eligible_channels(
    predictor: Predictor, simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best channel on average makes no choice personal for those who cannot be sent it."""

    def beats_any_other(reading: ChannelPredictions, arm: str, other: str) -> Flags:
        return np.full(len(reading.score), arm != other)

    monkeypatch.setattr(ChannelPredictions, "surely_beats", beats_any_other)
    fixed = predictor.champions.by_kind["best-channel"].model.fixed_order
    by_basis: dict[str, list[bool]] = {"personal": [], "best_overall": []}
    for answer in predictor.predict(predictor.store.customer_ids(), simulated.cutoff).answers:
        if answer.channel:
            eligible = {ranked.channel for ranked in answer.channel.ranking if ranked.eligible}
            best = next(arm for arm in fixed if arm in eligible)
            by_basis[answer.channel.basis].append(answer.channel.recommended == best)
    assert by_basis["personal"]
    assert not any(by_basis["personal"])
    assert by_basis["best_overall"]
    assert all(by_basis["best_overall"])


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
    assert answer.channel.recommended == "none"  # no consent is known
    by_channel = {ranked.channel: ranked for ranked in answer.channel.ranking}
    assert by_channel.keys() >= {"email", "sms", "none"}
    moment = by_channel["email"].best_moment
    assert (moment.weekday, moment.hour, moment.basis) == (None, 18, "association")
    assert by_channel["none"].best_moment is None


def test_a_best_moment_is_outside_the_quiet_hours_of_the_shop(
    simulated, predictor: Predictor
) -> None:
    night = {"email": ["20:00", "08:00"]}
    ids = predictor.store.customer_ids()[:50]
    for quiet, hours in (({}, {18}), (night, {9})):
        answers = _with_evenings(predictor, quiet).predict(ids, simulated.cutoff).answers
        moments = [r.best_moment for a in answers if a.channel for r in a.channel.ranking]
        assert {moment.hour for moment in moments if moment} == hours


def _with_evenings(predictor: Predictor, quiet_hours: dict[str, list[str]]) -> Predictor:
    """Make a predictor whose model has e-mails do best in the evening, then in the morning."""
    version = predictor.champions.by_kind["best-channel"]
    even = Habit([1 / 7] * 7, [1 / 8] * 8)
    email = ChannelMoments("email", "click", 5000, [0.0] * 7, [-1.0] * 3 + [8.0, 0, 0, 16.0, -1.0])
    model = msgspec.structs.replace(version.model, moments=Moments([email], even, even))
    by_kind = predictor.champions.by_kind | {"best-channel": replace(version, model=model)}
    channels = msgspec.structs.replace(predictor.shop.channels, quiet_hours=quiet_hours)
    shop = msgspec.structs.replace(predictor.shop, channels=channels)
    return replace(predictor, champions=Champions(by_kind), shop=shop)
