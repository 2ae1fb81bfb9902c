"""Reasons of a choice of channel: what speaks for it and against the runner-up, in plain words.

Where sends drawn at random identify what each arm does, the difference of two arms on the logit
scale is taken apart by what it depends on, and the parts sum to it exactly. Where nothing does,
there is no choice by customer to give reasons for: what is said is the order, and what it rests
on.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.boosters.contributions import Parts, add_up
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.reasons.purchase_reasons import ReasonWriter
from models.reasons.sentences import Facts, MoneyFormat, format_count

ChoiceDirection = Literal["for", "against"]

# What an arm does to the average customer, and what the trees of the level `rich` add for this
# one; no feature begins with @.
LEVEL, TREES = "@level", "@trees"

# What a difference depends on, as a marketer calls it.
CHANNELS = "the channels themselves"
CUSTOMERS = "customers like this one"
RESPONSE = "what the customer did with the channel"
LATELY = "messages lately"
# What the choice depends on besides.
MONEY = "cost and fatigue"
ORDER = "the shop's order"
CONVERSION = "conversion of all customers"
EVIDENCE = "what the messages can tell"

_SENT_LATELY = re.compile(r"(messages|.+_sent)_count_28d")


@dataclass(frozen=True)
class ChoiceReason:
    """What one group of traits does to the difference between the chosen arm and the runner-up.

    Attributes
    ----------
    effect : float or None
        On the logit scale of a purchase within the window, above 0 for the chosen arm; like
        `direction` None of what is no part of that difference.
    feature, value, unit : str, float, str or None
        What the sentence is about, as in `models.reasons.purchase_reasons.FeatureReason`.
    """

    family: str
    effect: float | None
    direction: ChoiceDirection | None
    feature: str | None
    value: float | None
    unit: str | None
    sentence: str


def difference(model: ChannelModel, inputs: Columns, chosen: str, runner_up: str) -> Parts:
    """Take apart how far two arms differ on the logit scale.

    Parameters
    ----------
    inputs : columns
        The model's traits, one row per customer.
    chosen, runner_up : str
        Arms of the model, or `none`.

    Returns
    -------
    name -> one value per row
        By feature, and the level. They sum to logit p(chosen) - logit p(runner_up).
    """
    parts = add_up([(1.0, _parts(model, inputs, chosen)), (-1.0, _parts(model, inputs, runner_up))])
    if not model.corrections:
        return parts
    p = model.predict(inputs)
    whole = logit(p[chosen]) - logit(p[runner_up])
    return parts | {TREES: whole - np.sum(list(parts.values()), axis=0)}


def _parts(model: ChannelModel, inputs: Columns, arm: str) -> Parts:
    """Take an arm's effect apart; no message has none."""
    if arm == NO_MESSAGE:
        return {}
    level, *slopes = model.effects.means[_place(model, arm)]
    traits = [*model.traits.shared, *model.traits.own[arm]]
    parts = {
        trait.column: slope * trait.of(inputs) for trait, slope in zip(traits, slopes, strict=True)
    }
    rows = len(np.asarray(inputs[model.traits.columns[0]]))
    return {LEVEL: np.full(rows, level)} | parts


def explain_choice(
    model: ChannelModel, inputs: Columns, chosen: str, runner_up: str, speaker: ReasonWriter
) -> list[list[ChoiceReason]]:
    """Give the reasons for an identified arm over another, per row.

    Parameters
    ----------
    inputs : columns
        The model's traits and T, one row per customer.

    Returns
    -------
    list of list of ChannelReason
        Their effects sum to the difference; the weightiest comes first, and a group that
        changes nothing is left out.
    """
    parts = difference(model, inputs, chosen, runner_up)
    columns = {name: np.asarray(inputs[name]) for name in (*model.traits.columns, "T")}
    levels = _say_levels(model, chosen, runner_up)
    shared = {trait.column for trait in model.traits.shared}
    return [
        _explain_row(
            {name: float(values[place]) for name, values in parts.items()},
            shared,
            speaker.facts({name: column[place] for name, column in columns.items()}),
            speaker,
            levels,
        )
        for place in range(len(next(iter(columns.values()))))
    ]


def _explain_row(
    effects: Mapping[str, float], shared: set[str], facts: Facts, speaker: ReasonWriter, levels: str
) -> list[ChoiceReason]:
    grouped: dict[str, dict[str, float]] = {}
    for name, effect in effects.items():
        grouped.setdefault(_group(name, shared), {})[name] = effect
    reasons = []
    for group, own in grouped.items():
        nothing = levels if group == CHANNELS else f"Nothing to tell of {group}."
        reasons.append(_reason(group, sum(own.values()), *speaker.tell(own, facts, nothing)))
    return sorted(
        (reason for reason in reasons if reason.effect), key=lambda r: -abs(r.effect or 0.0)
    )


def _group(name: str, shared: set[str]) -> str:
    if name == LEVEL:
        return CHANNELS
    if _SENT_LATELY.fullmatch(name):
        return LATELY
    return CUSTOMERS if name in shared or name == TREES else RESPONSE


def _reason(
    family: str,
    effect: float,
    feature: str | None,
    value: float | None,
    unit: str | None,
    sentence: str,
) -> ChoiceReason:
    direction: ChoiceDirection = "for" if effect > 0 else "against"
    return ChoiceReason(family, effect, direction, feature, value, unit, sentence)


def _say_levels(model: ChannelModel, chosen: str, runner_up: str) -> str:
    """State how two identified arms do with an average customer, and how many draws say so."""
    arms = (chosen, runner_up)
    first, second = (f"{_percent(_average_p(model, arm))} {_after(arm)}" for arm in arms)
    draws = [f"{model.evidence[arm].randomised:,}" for arm in arms]
    days = format_count(model.window_days, "days")
    return (
        f"The chance that an average customer buys within {days} is "
        f"{first} and {second}, by {draws[0]} and {draws[1]} random draws."
    )


def _average_p(model: ChannelModel, arm: str) -> float:
    """Give P(purchase within the window) of a customer who is average in everything."""
    level = 0.0 if arm == NO_MESSAGE else model.effects.means[_place(model, arm)][0]
    return float(expit(logit(model.base_rate) + model.effects.common[0] + level))


def _place(model: ChannelModel, arm: str) -> int:
    return list(model.traits.own).index(arm)


def explain_alone(chosen: str) -> ChoiceReason:
    """Say that there is no second arm to compare with."""
    others = "No channel" if chosen == NO_MESSAGE else "Nothing else"
    return _said(EVIDENCE, f"{others} with enough random draws may be used now.")


def explain_order(
    model: ChannelModel, default_order: Sequence[str], chosen: str
) -> list[ChoiceReason]:
    """Give the reasons for the first arm of an order that is the same for everybody.

    Parameters
    ----------
    default_order : sequence of str
        The shop's own; without one the channels are ordered by their conversion.
    """
    first = f"the first of them that may be used now is {chosen}"
    if chosen == NO_MESSAGE:
        is_ordered = NO_MESSAGE in default_order
        first = f"{first}, no message" if is_ordered else "none of them may be used now"
    if default_order:
        order = f"The order that nextbuy.toml sets is {', '.join(default_order)}; {first}."
        reasons = [_said(ORDER, order)]
    else:
        reasons = [_said(CONVERSION, f"{_say_conversion(model)}; {first}.")]
    return [*reasons, _said(EVIDENCE, _say_draws(model))]


def _say_conversion(model: ChannelModel) -> str:
    counts = [
        f"{arm} {model.evidence[arm].conversions:,} of {model.evidence[arm].sends:,}"
        for arm in model.fixed_order
        if arm != NO_MESSAGE
    ]
    days = format_count(model.window_days, "days")
    return (
        f"Messages followed by a purchase within {days}, the best channel first and few messages "
        f"drawn to the common rate: {', '.join(counts)}"
    )


def _say_draws(model: ChannelModel) -> str:
    """State that who was sent what was chosen, and what would tell more."""
    drawn = sum(found.randomised for found in model.evidence.values())
    sends = f"{drawn:,} {'send was' if drawn == 1 else 'sends were'}"
    said = f"Only {sends}" if drawn else "Nothing was"
    missing = [f"{arm} {found:,}" for arm, found in model.missing_draws.items()]
    wanted = f"; to compare by customer takes further draws: {', '.join(missing)}"
    return (
        f"{said} drawn at random: the order is the same for every customer"
        f"{wanted if missing else ''}."
    )


def explain_money(
    model: ChannelModel,
    worth: MessageValue,
    p: Mapping[str, float],
    chosen: str,
    recent: float,
    money: MoneyFormat,
) -> ChoiceReason | None:
    """State the amounts where cost and fatigue decided; None where the likeliest arm is chosen.

    Parameters
    ----------
    p : dict of str to float
        P(purchase within the window) of the arms that may be used and are identified.
    recent : float
        Messages of the last seven days.
    """
    likeliest = max(p, key=lambda arm: p[arm], default=chosen)
    if chosen not in p or p[likeliest] <= p[chosen]:
        return None
    amounts = [
        f"{money.show_finely(worth.margin * model.spend * p[arm])} less "
        f"{money.show_finely(float(worth.price(arm, np.array([recent]))[0]))}"
        for arm in (likeliest, chosen)
    ]
    return _said(
        MONEY,
        f"Likeliest is a purchase {_after(likeliest)}, {_percent(p[likeliest])}, against "
        f"{_percent(p[chosen])} {_after(chosen)}; expected margin less cost and fatigue is "
        f"{amounts[0]}, against {amounts[1]}.",
    )


def say_excluded(channel: str, why_not: str, would_be_first: bool) -> str:
    """State why a channel is out.

    >>> say_excluded("email", "no consent", True)
    'Would have been first: email; no consent.'
    """
    return f"{'Would have been first: ' if would_be_first else 'Out: '}{channel}; {why_not}."


def _said(family: str, sentence: str) -> ChoiceReason:
    return ChoiceReason(family, None, None, None, None, None, sentence)


def _after(arm: str) -> str:
    return "without a message" if arm == NO_MESSAGE else f"after {arm}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
