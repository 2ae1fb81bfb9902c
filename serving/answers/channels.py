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
from models.arms import NO_MESSAGE
from models.channel.best_moment import best_moments
from models.channel.eligibility import check_eligibility
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Uplift
from models.channel.recommend import preferred_channel, recommend
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
    order = fixed_order(model, shop)
    for place, (customer_id, tables) in enumerate(found.items()):
        ranking = _ranking(model, shop, said, place, tables, as_of)
        _add_moments(model, shop.rules, ranking, tables, as_of)
        eligible = [ranked.channel for ranked in ranking if ranked.eligible]
        preferred = preferred_channel(tables.get("attributes"), as_of)
        worth = {arm: float(values[place]) for arm, values in said.worth.items()}
        chosen = recommend(worth, eligible, order, preferred)
        runner_up = _runner_up(worth, eligible, chosen)
        lead = None if runner_up is None else worth[chosen] - worth[runner_up]
        answers[customer_id].channel = Channel(
            recommended=chosen,
            level=model.level,
            basis=_basis(model, said, chosen, place),
            runner_up=runner_up,
            lead=None if lead is None else lead / 10**shop.minor_digits,
            preferred=preferred,
            next_level=_next_level(model),
            ranking=ranking,
        )


def _ask(model: ChannelModel, shop: Shop, features: FeatureColumns) -> _Said:
    """Ask the model for everybody at once."""
    reading = model.read(features)
    p = reading.p
    causal = model.level != "observational"
    identified = {arm: p[arm] for arm in model.identified}
    worth = MessageValue.of_shop(shop)
    recent = worth.recent(features, len(reading.score))
    return _Said(
        p=identified if causal else p,
        uplift=reading.uplift,
        worth=worth.of(identified, model.spend, recent),
        personal={arm: reading.is_personal(arm) for arm in identified},
    )


def fixed_order(model: ChannelModel, shop: Shop) -> list[str] | None:
    """Give the fixed order that counts where no effect is identified; None where one is."""
    if model.level != "observational":
        return None
    return shop.channels.default_order or model.fixed_order


def _ranking(
    model: ChannelModel, shop: Shop, said: _Said, place: int, tables: History, as_of: int
) -> list[RankedChannel]:
    """Rank the channels, those that may be used first; `none` is always one of them."""
    arms = (*model.channels, *({NO_MESSAGE} - set(model.channels)))
    ranked = [_ranked(arm, shop, said, place, tables, as_of) for arm in arms]
    return sorted(ranked, key=_rank)


def _rank(ranked: RankedChannel) -> tuple[bool, float, float]:
    """Sort by what is expected to be earned; where that is not identified, by conversion."""
    margin = -np.inf if ranked.expected_margin is None else ranked.expected_margin
    return not ranked.eligible, -margin, -(ranked.p_conversion or 0.0)


def _ranked(
    arm: str, shop: Shop, said: _Said, place: int, tables: History, as_of: int
) -> RankedChannel:
    check = check_eligibility(arm, tables, as_of, shop.rules)
    uplift, p, worth = said.uplift.get(arm), said.p.get(arm), said.worth.get(arm)
    return RankedChannel(
        channel=arm,
        p_conversion=None if p is None else float(p[place]),
        uplift=None if uplift is None else float(uplift.value[place]),
        uplift_90=None if uplift is None else (float(uplift.low[place]), float(uplift.high[place])),
        expected_margin=None if worth is None else float(worth[place]) / 10**shop.minor_digits,
        eligible=check.eligible,
        why_not=check.why_not,
        eligible_from=_instant_of(check.eligible_from),
    )


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


def _runner_up(worth: Mapping[str, float], eligible: Sequence[str], chosen: str) -> str | None:
    """Name the eligible arm that is worth most but for the chosen one."""
    if chosen not in worth:
        return None
    others = [arm for arm in eligible if arm in worth and arm != chosen]
    return max(others, key=lambda arm: worth[arm], default=None)


def _basis(model: ChannelModel, said: _Said, chosen: str, place: int) -> Basis:
    if model.level == "observational":
        return "association"
    personal = said.personal.get(chosen)
    return "personal" if personal is not None and personal[place] else "best_overall"


def _next_level(model: ChannelModel) -> NextLevel | None:
    missing = model.missing_draws
    if model.level != "observational" or not missing:
        return None
    return NextLevel(level="exploring", randomised_sends=missing)
