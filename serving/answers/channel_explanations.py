"""Explains why a channel is recommended to a customer and why others may not be used."""

from dataclasses import asdict

import numpy as np

from features.arrays import FeatureColumns
from features.shop.shop import Shop
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, order_to_follow, recommend_arms
from models.reasons.channel_reasons import (
    ChoiceReason,
    exclusion_sentence,
    explain_choice,
    explain_cost,
    explain_only_arm,
    explain_order,
)
from models.reasons.purchase_reasons import ReasonWriter
from serving.schemas.answer_schemas import Channel
from serving.schemas.reason_schemas import ChannelReason, ChannelReasons, ExcludedChannel


def make_channel_reasons(
    model: ChannelModel,
    shop: Shop,
    writer: ReasonWriter,
    channel: Channel,
    features: FeatureColumns,
) -> ChannelReasons:
    """Make the reasons for the recommended channel of one customer's answer.

    At the level `observational` the reasons are those of the order of channels, the same for
    everybody; otherwise they explain the difference to the runner-up.

    Parameters
    ----------
    model : ChannelModel
        The model that the answer was computed with.
    shop : Shop
        Settings of nextbuy.toml: order of channels, costs, currency.
    writer : ReasonWriter
        Writes the sentences about features and money.
    channel : Channel
        The section of the answer that is explained.
    features : dict of feature name to array (1,)
        The features of the same customer.
    """
    if channel.level == "observational":
        reasons = explain_order(model, shop.channels.default_order, channel.recommended)
    else:
        reasons = _explain_choice(model, shop, writer, channel, features)
    return ChannelReasons(
        recommended=channel.recommended,
        level=channel.level,
        basis=channel.basis,
        runner_up=channel.runner_up,
        lead=channel.lead,
        currency=shop.section.currency,
        reasons=[ChannelReason(**asdict(reason)) for reason in reasons],
        excluded=_excluded_channels(model, shop, channel),
    )


def _explain_choice(
    model: ChannelModel,
    shop: Shop,
    writer: ReasonWriter,
    channel: Channel,
    features: FeatureColumns,
) -> list[ChoiceReason]:
    """Explain the difference to the runner-up; a reason of cost is last, where cost decided."""
    if channel.runner_up is None:
        return [explain_only_arm(channel.recommended)]
    (reasons,) = explain_choice(model, features, channel.recommended, channel.runner_up, writer)
    p = {
        ranked.channel: ranked.p_conversion
        for ranked in channel.ranking
        if ranked.eligible and ranked.p_conversion is not None
    }
    worth = MessageValue.of_shop(shop)
    recent = float(worth.recent_messages(features, 1)[0])
    cost_reason = explain_cost(model, worth, p, channel.recommended, recent, writer.money)
    return reasons if cost_reason is None else [*reasons, cost_reason]


def _excluded_channels(model: ChannelModel, shop: Shop, channel: Channel) -> list[ExcludedChannel]:
    """List the channels that may not be used, in the order of the ranking.

    A sentence says of at most one of them that it would have been recommended.
    """
    margins = {ranked.channel: ranked.expected_margin for ranked in channel.ranking}
    worth = {arm: np.array([margin]) for arm, margin in margins.items() if margin is not None}
    order = order_to_follow(model, shop.channels.default_order)
    all_allowed = Options.of(list(margins), np.ones((1, len(margins)), bool), [channel.preferred])
    first = all_allowed.arms[recommend_arms(order, worth, all_allowed)[0]]
    return [
        ExcludedChannel(
            channel=ranked.channel,
            why_not=ranked.why_not,
            eligible_from=ranked.eligible_from,
            sentence=exclusion_sentence(ranked.channel, ranked.why_not, ranked.channel == first),
        )
        for ranked in channel.ranking
        if ranked.why_not is not None
    ]
