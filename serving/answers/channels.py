"""Ranks the channels for each customer by the channel model, under consent and contact rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import numpy as np

from features.arrays import FeatureColumns, Flags, Floats, History, Indices
from features.shop.shop import Shop
from features.windows import to_datetime
from models.channel.best_moment import best_moments
from models.channel.eligibility import Eligibility
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, ChannelPredictions, Uplift
from models.channel.recommend import (
    NO_COLUMN,
    Options,
    order_to_follow,
    preferred_channel,
    recommend_arms,
    runner_up_arms,
    tie_order,
)
from serving.answers.situations import Situations
from serving.schemas.answer_schemas import Answer, BestMoment, Channel, NextLevel, RankedChannel

Basis = Literal["association", "best_overall", "personal"]


class _PredictionsByArm(msgspec.Struct, frozen=True):
    """Predictions of the channel model for all customers of a request, by arm.

    An arm is a channel or `none`. An arm is missing in a field where the shop's messages do not
    identify it.

    Attributes
    ----------
    p : dict of arm to array (n,)
        Probability of a purchase within the window after the message.
    uplift : dict of arm to Uplift
        What the message adds to that probability, with its 90 % interval, each (n,).
    worth : dict of arm to array (n,)
        Expected margin of the message less cost and fatigue, in minor units of money.
    """

    p: Mapping[str, Floats]
    uplift: Mapping[str, Uplift]
    worth: Mapping[str, Floats]


def fill_in_channels(
    model: ChannelModel,
    shop: Shop,
    answers: Mapping[str, Answer],
    histories: Mapping[str, History],
    inputs: FeatureColumns,
    situations: Situations,
) -> None:
    """Fill in the recommended channel and the ranking of all channels in each answer.

    Parameters
    ----------
    model : ChannelModel
        The promoted channel model.
    shop : Shop
        Settings of nextbuy.toml: order of channels, costs, contact rules.
    answers : dict of customer id to Answer
        Changed in place: `channel` is set.
    histories : dict of customer id to History
        The rows of each customer, by table; orders, messages and attributes are read.
    inputs : dict of str to array (n,)
        Features, and the columns of the situation that the model reads: one value per customer,
        in the order of `histories`.
    situations : Situations
        What each of the n customers may be sent, and when.
    """
    reading, arms = model.compute_predictions(inputs), situations.arms
    predictions = _predict_arms(shop, reading, inputs)
    preferred = [
        preferred_channel(tables.get("attributes"), situations.as_of)
        for tables in histories.values()
    ]
    options = Options.of(arms, situations.eligible, preferred)
    order = order_to_follow(model, shop.channels.default_order)
    recommended = recommend_arms(order, predictions.worth, options)
    second = runner_up_arms(predictions.worth, options, recommended)
    personal = _beats_best_for_everybody(reading, options, recommended)
    for row_index, (customer_id, tables) in enumerate(histories.items()):
        ranking = _ranking(shop, predictions, row_index, situations, preferred[row_index])
        _fill_in_moments(model, shop, ranking, tables, situations.as_of)
        chosen = arms[recommended[row_index]]
        runner_up = None if second[row_index] == NO_COLUMN else arms[second[row_index]]
        answers[customer_id].channel = Channel(
            recommended=chosen,
            level=model.level,
            basis=_basis(model, bool(personal[row_index])),
            runner_up=runner_up,
            lead=_lead(shop, predictions, chosen, runner_up, row_index),
            preferred=preferred[row_index],
            next_level=_next_level(model),
            ranking=ranking,
        )


def _predict_arms(
    shop: Shop, reading: ChannelPredictions, inputs: FeatureColumns
) -> _PredictionsByArm:
    """Predict for all customers at once; where draws identify effects, for identified arms only."""
    model, p = reading.model, reading.p
    causal = model.level != "observational"
    return _PredictionsByArm(
        p={arm: p[arm] for arm in model.identified} if causal else p,
        uplift=reading.uplift,
        worth=MessageValue.of_shop(shop).values_of_identified_arms(reading, inputs),
    )


def _beats_best_for_everybody(
    reading: ChannelPredictions, options: Options, recommended: Indices
) -> Flags:
    """Tell who is surely better off with the recommended arm than with the best fixed one.

    The best fixed arm is, of those eligible for the customer, the one that is best on average.
    """
    fixed = recommend_arms(reading.model.fixed_order, {}, options)
    personal = np.zeros(len(fixed), dtype=bool)
    for arm, other in set(zip(recommended.tolist(), fixed.tolist(), strict=True)):
        rows = (recommended == arm) & (fixed == other)
        personal[rows] = reading.take(rows).surely_beats(options.arms[arm], options.arms[other])
    return personal


def _ranking(
    shop: Shop,
    predictions: _PredictionsByArm,
    row_index: int,
    situations: Situations,
    preferred: str | None,
) -> list[RankedChannel]:
    """Rank the arms of one customer, eligible ones first, with the recommender's order of ties."""
    by_arm = {
        check.channel: _ranked_channel(
            check, shop, predictions, row_index, situations.send_at[check.channel]
        )
        for check in situations.checks[row_index]
    }
    arms = tie_order(list(by_arm), preferred)
    return sorted((by_arm[arm] for arm in arms), key=_ranking_key)


def _ranking_key(ranked: RankedChannel) -> tuple[bool, float, float]:
    """Sort by expected margin; where that is not identified, by probability of a conversion."""
    margin = -np.inf if ranked.expected_margin is None else ranked.expected_margin
    return not ranked.eligible, -margin, -(ranked.p_conversion or 0.0)


def _ranked_channel(
    check: Eligibility, shop: Shop, predictions: _PredictionsByArm, row_index: int, send_at: int
) -> RankedChannel:
    """Describe one arm for one customer; an uplift if it is eligible; money in major units."""
    arm = check.channel
    uplift = predictions.uplift.get(arm) if check.eligible else None
    p = predictions.p.get(arm)
    worth = predictions.worth.get(arm)
    return RankedChannel(
        channel=arm,
        p_conversion=None if p is None else float(p[row_index]),
        uplift=None if uplift is None else float(uplift.value[row_index]),
        uplift_90=None if uplift is None else _interval(uplift, row_index),
        expected_margin=None if worth is None else float(worth[row_index]) / 10**shop.minor_digits,
        send_at=to_datetime(send_at),
        eligible=check.eligible,
        why_not=check.why_not,
        eligible_from=_datetime_or_none(check.eligible_from),
    )


def _interval(uplift: Uplift, row_index: int) -> tuple[float, float]:
    return float(uplift.low[row_index]), float(uplift.high[row_index])


def _fill_in_moments(
    model: ChannelModel,
    shop: Shop,
    ranking: Sequence[RankedChannel],
    tables: History,
    as_of: int,
) -> None:
    """Fill in the best weekday and hour of each channel for which the model learned any."""
    if model.moments is None:
        return
    best = best_moments(model.moments, tables, as_of, shop.timezone, shop.rules.quiet_hours)
    for ranked in ranking:
        if ranked.channel in best:
            moment = msgspec.structs.asdict(best[ranked.channel])
            ranked.best_moment = BestMoment(**moment, basis="association")


def _datetime_or_none(instant: int | None) -> datetime | None:
    return None if instant is None else to_datetime(instant)


def _lead(
    shop: Shop,
    predictions: _PredictionsByArm,
    chosen: str,
    runner_up: str | None,
    row_index: int,
) -> float | None:
    """Give the expected margin of the chosen arm above the runner-up's, in major units of money."""
    if runner_up is None:
        return None
    worth = predictions.worth
    lead = float(worth[chosen][row_index] - worth[runner_up][row_index])
    return lead / float(10**shop.minor_digits)


def _basis(model: ChannelModel, personal: bool) -> Basis:
    if model.level == "observational":
        return "association"
    return "personal" if personal else "best_overall"


def _next_level(model: ChannelModel) -> NextLevel | None:
    """Count the random sends that are missing before effects can be identified."""
    missing = model.missing_draws
    if model.level != "observational" or not missing:
        return None
    return NextLevel(level="exploring", randomised_sends=missing)
