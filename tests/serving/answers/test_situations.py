"""The situation of an answer's channels: instants of sending, what is possible, the occasion."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from features.arrays import object_array
from features.shop.shop import Shop
from features.windows import DAY, read_cutoff, to_datetime
from models.artefact import load_artefact, make_head, save_artefact
from models.channel.effects.traits import Trait
from models.channel.model import ChannelModel
from models.channel.occasion import pause_column, possible_column, weekend_column
from models.registry import Champions
from serving.answers.predictor import Predictor
from serving.answers.situations import make_situations
from tests.serving.desk import Desk

NIGHT = {"sms": ["21:00", "08:00"]}
CHANNELS = {"quiet_hours": NIGHT, "assume_consent": ["email", "sms"]}


def _model(*inputs: str) -> ChannelModel:
    return cast(ChannelModel, SimpleNamespace(channels=["sms", "email"], inputs=inputs))


def _with_channels(shop: Shop, **channels: Any) -> Shop:
    return msgspec.structs.replace(
        shop, channels=msgspec.structs.replace(shop.channels, **channels)
    )


def _messages(sent_at: int) -> dict[str, np.ndarray]:
    return {
        "channel": object_array(["email"]),
        "sent_at": np.array([float(sent_at)]),
        "known_at": np.array([float(sent_at)]),
        "unsubscribed_at": np.array([np.nan]),
        "unsubscribed_known_at": np.array([np.nan]),
    }


def test_without_an_instant_each_channel_waits_for_its_quiet_hours_and_none_does_not(
    shop: Shop,
) -> None:
    quiet = _with_channels(shop, **CHANNELS)
    night = read_cutoff("2025-03-07 23:00", shop.timezone)
    made = make_situations(_model(), quiet, {"c": {}}, night, None)
    morning = read_cutoff("2025-03-08 08:00", shop.timezone)
    assert made.send_at == {"email": night, "none": night, "sms": morning}
    assert made.arms == ["email", "none", "sms"]
    assert made.eligible.tolist() == [[True, True, False]]  # eligibility stays that of as-of
    assert made.checks[0][2].eligible_from == morning
    assert made.columns == {}  # the model does not ask for them


def test_at_an_instant_of_sending_all_arms_are_sent_and_checked_at_it(shop: Shop) -> None:
    quiet = _with_channels(shop, **CHANNELS)
    noon = read_cutoff("2025-03-07 12:00", shop.timezone)  # a Friday
    for text, eligible in (("2025-03-07 23:00", False), ("2025-03-08 12:00", True)):
        send_at = read_cutoff(text, shop.timezone)
        made = make_situations(_model(), quiet, {"c": {}}, noon, send_at)
        assert made.as_of == noon
        assert set(made.send_at.values()) == {send_at}
        assert made.eligible.tolist() == [[True, True, eligible]]


def test_a_model_that_reads_the_situation_is_given_its_columns(shop: Shop) -> None:
    quiet = _with_channels(shop, **CHANNELS)
    night = read_cutoff("2025-03-07 23:00", shop.timezone)
    histories = {"c": {"messages": _messages(night - 3 * DAY)}, "d": {}}
    made = make_situations(_model(weekend_column("sms")), quiet, histories, night, None)
    assert len(made.columns) == 3 * 5
    assert made.columns[possible_column("sms")].tolist() == [0, 0]
    assert made.columns[possible_column("none")].tolist() == [1, 1]
    assert made.columns[weekend_column("sms")].tolist() == [1, 1]  # sent on Saturday morning
    assert made.columns[weekend_column("none")].tolist() == [0, 0]
    days = 3 + 9 / 24
    assert made.columns[pause_column("sms")] == pytest.approx([np.log1p(days), np.nan], nan_ok=True)


def _occasional(predictor: Predictor) -> Predictor:
    """Make a predictor whose model reads whether e-mails are sent on a weekend."""
    version = predictor.champions.by_kind["best-channel"]
    traits = version.model.traits
    weekend = Trait(weekend_column("email"), "as_is")
    planted = msgspec.structs.replace(traits, shared=[weekend, *traits.shared[1:]])
    means = [
        [*m[:2], m[2] + 0.5 * (n == 0), *m[3:]] for n, m in enumerate(version.model.effects.means)
    ]
    effects = msgspec.structs.replace(version.model.effects, means=means)
    model = msgspec.structs.replace(version.model, traits=planted, effects=effects)
    by_kind = predictor.champions.by_kind | {"best-channel": replace(version, model=model)}
    return replace(predictor, champions=Champions(by_kind))


def _p(predictor: Predictor, ids: list[str], as_of: int, send_at: int | None) -> np.ndarray:
    answers = predictor.predict(ids, as_of, send_at).answers
    channels = [answer.channel for answer in answers if answer.channel]
    return np.array(
        [[r.p_conversion for r in sorted(c.ranking, key=lambda r: r.channel)] for c in channels]
    )


def test_a_model_that_reads_the_occasion_answers_for_the_instant_of_sending(desk: Desk) -> None:
    as_of, ids = desk.cutoff, desk.ids[:40]
    local = to_datetime(as_of).astimezone(desk.shop.timezone)
    saturday = as_of + ((5 - local.weekday()) % 7 or 7) * DAY - DAY // 2
    monday = saturday + 2 * DAY
    occasional = _occasional(desk.predictor)
    weekend, week = (_p(occasional, ids, as_of, at) for at in (saturday, monday))
    assert (weekend[:, 0] != week[:, 0]).all()  # arms by name: e-mail is the first
    assert {r.send_at for a in occasional.predict(ids, as_of, monday).answers if a.channel
            for r in a.channel.ranking} == {to_datetime(monday)}  # fmt: skip


def test_reasons_and_answers_are_of_the_same_instant(desk: Desk) -> None:
    ids, send_at = desk.ids[:20], desk.cutoff + 3 * DAY
    answers = desk.predictor.predict(ids, desk.cutoff, send_at).answers
    explained = desk.predictor.explain(ids, desk.cutoff, send_at).explanations
    for answer, explanation in zip(answers, explained, strict=True):
        assert (answer.channel is None) == (explanation.channel is None)
        if answer.channel:
            assert explanation.channel.recommended == answer.channel.recommended
            out = {r.channel: r.why_not for r in answer.channel.ranking if not r.eligible}
            assert {e.channel: e.why_not for e in explanation.channel.excluded} == out


def test_an_artefact_of_a_model_that_reads_the_occasion_fits_the_store(
    desk: Desk, tmp_path: Path
) -> None:
    occasional = _occasional(desk.predictor)
    version = occasional.champions.by_kind["best-channel"]
    assert weekend_column("email") in version.model.inputs
    assert all(weekend_column("email") not in catalog for catalog in occasional.catalogs)
    names = ("shop", "currency", "cutoff", "vocabulary")
    stated = {name: getattr(version.head, name) for name in names}
    head = make_head("best-channel", version.model, **stated)
    assert head.features.keys() < set(version.model.inputs)
    save_artefact(head, version.model, tmp_path / "model")
    loaded = load_artefact(tmp_path / "model")
    assert (loaded[0], loaded[1].inputs) == (head, version.model.inputs)
