"""Why this channel and not another, put into the form of the explanation."""

from dataclasses import asdict

import numpy as np

from features.arrays import FeatureColumns
from features.shop.shop import Shop
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, order_to_follow, recommend_arms
from models.reasons.channel_reasons import ChoiceReason as Said
from models.reasons.channel_reasons import (
    explain_alone,
    explain_choice,
    explain_money,
    explain_order,
    say_excluded,
)
from models.reasons.purchase_reasons import ReasonWriter
from serving.schemas.answer_schemas import Channel
from serving.schemas.reason_schemas import ChannelReason, ChannelReasons, ExcludedChannel


def make_channel_reasons(
    model: ChannelModel,
    shop: Shop,
    speaker: ReasonWriter,
    channel: Channel,
    features: FeatureColumns,
) -> ChannelReasons:
    """Give the reasons of one customer's answer.

    Parameters
    ----------
    features : name -> array (1,)
        Of the same customer.
    """
    if channel.level == "observational":
        said = explain_order(model, shop.channels.default_order, channel.recommended)
    else:
        said = _explain_choice(model, shop, speaker, channel, features)
    return ChannelReasons(
        recommended=channel.recommended,
        level=channel.level,
        basis=channel.basis,
        runner_up=channel.runner_up,
        lead=channel.lead,
        currency=shop.section.currency,
        reasons=[ChannelReason(**asdict(reason)) for reason in said],
        excluded=_excluded(model, shop, channel),
    )


def _explain_choice(
    model: ChannelModel,
    shop: Shop,
    speaker: ReasonWriter,
    channel: Channel,
    features: FeatureColumns,
) -> list[Said]:
    if channel.runner_up is None:
        return [explain_alone(channel.recommended)]
    (reasons,) = explain_choice(model, features, channel.recommended, channel.runner_up, speaker)
    p = {
        ranked.channel: ranked.p_conversion
        for ranked in channel.ranking
        if ranked.eligible and ranked.p_conversion is not None
    }
    worth = MessageValue.of_shop(shop)
    recent = float(worth.recent(features, 1)[0])
    of_money = explain_money(model, worth, p, channel.recommended, recent, speaker.money)
    return reasons if of_money is None else [*reasons, of_money]


def _excluded(model: ChannelModel, shop: Shop, channel: Channel) -> list[ExcludedChannel]:
    """List the channels that are out, in the order of the ranking."""
    margins = {ranked.channel: ranked.expected_margin for ranked in channel.ranking}
    worth = {arm: np.array([margin]) for arm, margin in margins.items() if margin is not None}
    order = order_to_follow(model, shop.channels.default_order)
    everything = Options.of(list(margins), np.ones((1, len(margins)), bool), [channel.preferred])
    first = everything.arms[recommend_arms(order, worth, everything)[0]]
    return [
        ExcludedChannel(
            channel=ranked.channel,
            why_not=ranked.why_not,
            eligible_from=ranked.eligible_from,
            sentence=say_excluded(ranked.channel, ranked.why_not, ranked.channel == first),
        )
        for ranked in channel.ranking
        if ranked.why_not is not None
    ]
