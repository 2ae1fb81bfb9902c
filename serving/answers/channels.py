"""Through which channel to ask: what the model says, under consent and the shop's rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.arrays import FeatureColumns, Floats, History
from features.shop.contact_rules import ContactRules
from features.shop.shop import Shop
from features.windows import to_datetime
from models.arms import arms_with_none
from models.channel.best_moment import best_moments
from models.channel.eligibility import Eligibility, check_eligibility
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Uplift
from models.channel.recommend import (
    UNKNOWN,
    Options,
    order_to_follow,
    preferred_channel,
    recommend_arms,
    second_arms,
    tie_order,
)
from serving.schemas.answer_schemas import Answer, BestMoment, Channel, NextLevel, RankedChannel

Basis = Literal["association", "best_overall", "personal"]


class _Said(msgspec.Struct, frozen=True):
    """What the model says of all customers of a request, by arm."""

    p: Mapping[str, Floats]
    uplift: Mapping[str, Uplift]
    worth: Mapping[str, Floats]
    personal: Mapping[str, NDArray[np.bool_]]


def add_channels(
    model: ChannelModel,
    shop: Shop,
    answers: Mapping[str, Answer],
    found: Mapping[str, History],
    features: FeatureColumns,
    as_of: int,
) -> None:
    """Fill in the ranking of the channels and the recommended one.

    Parameters
    ----------
    found : customer id -> history
    features : name -> one value per customer, in the order of `found`
    """
    said = _ask(model, shop, features)
    arms = arms_with_none(model.channels)
    checks = [
        [check_eligibility(arm, tables, as_of, shop.rules) for arm in arms]
        for tables in found.values()
    ]
    preferred = [preferred_channel(tables.get("attributes"), as_of) for tables in found.values()]
    eligible = np.array([[check.eligible for check in of_customer] for of_customer in checks])
    options = Options.of(arms, eligible, preferred)
    order = order_to_follow(model, shop.channels.default_order)
    recommended = recommend_arms(order, said.worth, options)
    second = second_arms(said.worth, options, recommended)
    for row_index, (customer_id, tables) in enumerate(found.items()):
        ranking = _ranking(shop, said, row_index, checks[row_index], preferred[row_index])
        _add_moments(model, shop.rules, ranking, tables, as_of)
        chosen = arms[recommended[row_index]]
        runner_up = None if second[row_index] == UNKNOWN else arms[second[row_index]]
        answers[customer_id].channel = Channel(
            recommended=chosen,
            level=model.level,
            basis=_basis(model, said, chosen, row_index),
            runner_up=runner_up,
            lead=_lead(shop, said, chosen, runner_up, row_index),
            preferred=preferred[row_index],
            next_level=_next_level(model),
            ranking=ranking,
        )


def _ask(model: ChannelModel, shop: Shop, features: FeatureColumns) -> _Said:
    """Ask the model for everybody at once."""
    reading = model.read(features)
    p = reading.p
    causal = model.level != "observational"
    return _Said(
        p={arm: p[arm] for arm in model.identified} if causal else p,
        uplift=reading.uplift,
        worth=MessageValue.of_shop(shop).of_identified(reading, features),
        personal={arm: reading.is_personal(arm) for arm in model.identified},
    )


def _ranking(
    shop: Shop,
    said: _Said,
    row_index: int,
    checks: Sequence[Eligibility],
    preferred: str | None,
) -> list[RankedChannel]:
    """Rank the arms of one customer, those that may be used first; ties as in the choice."""
    by_arm = {check.channel: _ranked(check, shop, said, row_index) for check in checks}
    return sorted((by_arm[arm] for arm in tie_order(list(by_arm), preferred)), key=_rank)


def _rank(ranked: RankedChannel) -> tuple[bool, float, float]:
    """Sort by what is expected to be earned; where that is not identified, by conversion."""
    margin = -np.inf if ranked.expected_margin is None else ranked.expected_margin
    return not ranked.eligible, -margin, -(ranked.p_conversion or 0.0)


def _ranked(check: Eligibility, shop: Shop, said: _Said, row_index: int) -> RankedChannel:
    arm = check.channel
    uplift, p, worth = said.uplift.get(arm), said.p.get(arm), said.worth.get(arm)
    return RankedChannel(
        channel=arm,
        p_conversion=None if p is None else float(p[row_index]),
        uplift=None if uplift is None else float(uplift.value[row_index]),
        uplift_90=None if uplift is None else _interval(uplift, row_index),
        expected_margin=None if worth is None else float(worth[row_index]) / 10**shop.minor_digits,
        eligible=check.eligible,
        why_not=check.why_not,
        eligible_from=_instant_of(check.eligible_from),
    )


def _interval(uplift: Uplift, row_index: int) -> tuple[float, float]:
    return float(uplift.low[row_index]), float(uplift.high[row_index])


def _add_moments(
    model: ChannelModel,
    rules: ContactRules,
    ranking: Sequence[RankedChannel],
    tables: History,
    as_of: int,
) -> None:
    """Fill in the best moment of each channel that has one."""
    if model.moments is None:
        return
    best = best_moments(model.moments, tables, as_of, rules.timezone, rules.quiet_hours)
    for ranked in ranking:
        if ranked.channel in best:
            moment = msgspec.structs.asdict(best[ranked.channel])
            ranked.best_moment = BestMoment(**moment, basis="association")


def _instant_of(instant: int | None) -> datetime | None:
    return None if instant is None else to_datetime(instant)


def _lead(
    shop: Shop, said: _Said, chosen: str, runner_up: str | None, row_index: int
) -> float | None:
    """Give what the chosen arm is expected to earn beyond the runner-up, in major units."""
    if runner_up is None:
        return None
    lead = float(said.worth[chosen][row_index] - said.worth[runner_up][row_index])
    return lead / float(10**shop.minor_digits)


def _basis(model: ChannelModel, said: _Said, chosen: str, row_index: int) -> Basis:
    if model.level == "observational":
        return "association"
    personal = said.personal.get(chosen)
    return "personal" if personal is not None and personal[row_index] else "best_overall"


def _next_level(model: ChannelModel) -> NextLevel | None:
    missing = model.missing_draws
    if model.level != "observational" or not missing:
        return None
    return NextLevel(level="exploring", randomised_sends=missing)
