"""Reasons that every answer of a shop states."""

from contextlib import closing

import msgspec
import numpy as np
import pandas as pd

from features.language.vocabulary import Vocabulary
from features.shop.shop import Shop
from features.store.address import store_target
from models.artefact import ArtefactHead
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.channel.effects.arm_effects import ArmEffects
from models.channel.model import ChannelModel, ChannelTraits
from models.kinds import CHANNEL, KINDS
from models.registry import Champions, LoadedVersion
from serving.answers.answer_reasons import list_answer_reasons
from serving.answers.predictor import load_predictor


def test_a_log_of_orders_alone_has_no_channel_and_says_why(cdnow) -> None:
    with closing(load_predictor(cdnow.shop, 48, 24)) as predictor:
        answer = predictor.predict(predictor.store.customer_ids()[:1], cdnow.cutoff).answers[0]
    assert (answer.status, answer.channel) == ("ok", None)
    assert answer.next_purchase.due is None
    assert answer.reason == (
        "channel is null because no best-channel model has been promoted, which learns from the "
        "table messages that the shop does not give; next_purchase.due is null "
        "because the shop gives no table order_lines and no column products.category"
    )


def _vocabulary(shop: Shop) -> Vocabulary:
    store = store_target(shop).open()
    store.close()
    return store.info.vocabulary


def test_every_kind_of_model_that_was_not_promoted_is_named_once(shop: Shop) -> None:
    reasons = list_answer_reasons(Champions({}), shop, _vocabulary(shop))
    for kind, entry in KINDS.items():
        start = f"{entry.section} is null because no {kind} model has been promoted"
        assert sum(reason.startswith(start) for reason in reasons) == 1
    assert not [reason for reason in reasons if reason.endswith(".")]


def test_a_missing_table_is_named_and_none_of_its_columns(shop: Shop) -> None:
    due = "next_purchase.due is null because the shop gives no "
    vocabulary = _vocabulary(shop)
    products = {"products": ["product_id", "category"]}
    lines = {"order_lines": ["order_id", "product_id", "quantity", "unit_price"]}
    for given, missing in (
        ({}, "table order_lines and no column products.category"),
        (products, "table order_lines"),
        (lines, "column products.category"),
        (products | lines, None),
    ):
        tables = vocabulary.tables | given
        of_shop = msgspec.structs.replace(vocabulary, tables=tables)
        reasons = list_answer_reasons(Champions({}), shop, of_shop)
        named = [reason.removeprefix(due) for reason in reasons if reason.startswith(due)]
        assert named == ([] if missing is None else [missing])


def test_assumed_consent_is_stated_only_where_channels_are_recommended(shop: Shop) -> None:
    channels = msgspec.structs.replace(shop.channels, assume_consent=["email", "sms"])
    assuming = msgspec.structs.replace(shop, channels=channels)
    reasons = list_answer_reasons(Champions({}), assuming, _vocabulary(shop))
    assert not [reason for reason in reasons if "consent" in reason]
    reasons = list_answer_reasons(_channel_champion("consents"), assuming, _vocabulary(shop))
    assert [reason for reason in reasons if "consent" in reason] == [
        "consent to email, sms is assumed by nextbuy.toml"
    ]


def _channel_champion(*tables: str) -> Champions:
    """Make a champion of the channels alone, trained on orders, messages and some tables."""
    vocabulary = Vocabulary({name: [] for name in ("orders", "messages", *tables)})
    head = ArtefactHead(CHANNEL, "s", "EUR", "", "contacts", vocabulary, {})
    base = ResidualBooster.fit(
        pd.DataFrame({"x": [0.0, 1.0]}),
        ["x"],
        BoosterTarget(np.array([0.0, 1.0]), np.zeros(2)),
        BoosterSettings(rounds=1),
        seed=0,
    )
    model = ChannelModel(
        "observational",
        7,
        0.1,
        0.0,
        base,
        ChannelTraits([], {}),
        ArmEffects([], [], [], []),
        {},
        {},
    )
    return Champions({CHANNEL: LoadedVersion("1", head, model, {})})


def test_a_channel_model_that_knew_no_consents_says_what_it_assumed(shop: Shop) -> None:
    assumed = (
        "the best-channel model was trained without the table consents, as if everybody had "
        "consented to every channel"
    )
    vocabulary = _vocabulary(shop)
    assert assumed in list_answer_reasons(_channel_champion(), shop, vocabulary)
    assert assumed not in list_answer_reasons(_channel_champion("consents"), shop, vocabulary)
    assert assumed not in list_answer_reasons(Champions({}), shop, vocabulary)
