"""Writes the reasons for the choice of an arm over the runner-up, each with a sentence.

Where messages drawn at random identify the effects of the arms, the difference between two arms on
the logit scale is split by the traits that it depends on; the terms sum to it exactly. Where they
do not, the choice follows an order that is the same for every customer; then the reasons state the
order and the evidence for it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.boosters.contributions import Contributions, sum_contributions
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.occasion import is_situation, situation_sentence
from models.reasons.purchase_reasons import Description, ReasonWriter, weightiest
from models.reasons.sentences import Facts, MoneyFormat, format_count

ChoiceDirection = Literal["for", "against"]

# Terms of a difference that belong to no feature: the difference for the average customer, how
# likely the customer is to buy whatever is sent, and what the boosters of the level `rich` add. No
# feature's name begins with @.
LEVEL, LIKELY, TREES = "@level", "@likely", "@trees"

# The families of reasons that a difference consists of, in words of a marketer.
CHANNELS = "the channels themselves"
CUSTOMERS = "customers like this one"
RESPONSE = "what the customer did with the channel"
LATELY = "messages lately"
OCCASION = "the moment of sending"
CONSENTS = "what the customer may be sent"
# The families of the other reasons.
MONEY = "cost and fatigue"
ORDER = "the shop's order"
CONVERSION = "conversion of all customers"
EVIDENCE = "what the messages can tell"

_SENT_LATELY = re.compile(r"(messages|.+_sent)_count_28d")


@dataclass(frozen=True)
class ChoiceReason:
    """One reason for or against the chosen arm, compared with the runner-up.

    Attributes
    ----------
    family : str
        The family of reasons.
    effect : float or None
        Its part of the difference between the two arms on the logit scale of a purchase within
        the window; above 0 it speaks for the chosen arm. None if the reason is not part of that
        difference.
    direction : {"for", "against"} or None
        The sign of the effect.
    feature, value, unit, sentence : str, float, str, str
        As in `models.reasons.purchase_reasons.FeatureReason`.
    """

    family: str
    effect: float | None
    direction: ChoiceDirection | None
    feature: str | None
    value: float | None
    unit: str | None
    sentence: str


def logit_difference_parts(
    model: ChannelModel, inputs: Columns, chosen: str, runner_up: str
) -> Contributions:
    """Split the difference between two arms on the logit scale by what it depends on.

    Parameters
    ----------
    inputs : columns
        The features that the model reads, one row per customer.
    chosen, runner_up : str
        Arms of the model, or `none`.

    Returns
    -------
    Contributions
        Arrays (rows,) that sum to logit p(chosen) - logit p(runner_up): one per column that the
        effects depend on, `LEVEL` for what holds for everybody, `LIKELY` for how likely the
        customer is to buy, and `TREES` for the correction at the level `rich`, whose trees are
        not split by feature.
    """
    parts = sum_contributions(
        [(1.0, _parts(model, inputs, chosen)), (-1.0, _parts(model, inputs, runner_up))]
    )
    if not model.corrections:
        return parts
    p = model.predict(inputs)
    whole = logit(p[chosen]) - logit(p[runner_up])
    return parts | {TREES: whole - np.sum(list(parts.values()), axis=0)}


def _parts(model: ChannelModel, inputs: Columns, arm: str) -> Contributions:
    """Split an arm's effect into its level and one term per trait; `none` has no terms."""
    if arm == NO_MESSAGE:
        return {}
    level, likely, *slopes = model.effects.means[_arm_index(model, arm)]
    traits = [*model.traits.shared, *model.traits.own[arm]]
    correction = model.base.correction(inputs)
    of_traits = [
        (slope, {trait.column: trait.scaled_values(inputs)})
        for trait, slope in zip(traits, slopes, strict=True)
    ]
    parts = {LEVEL: np.full(len(correction), level), LIKELY: likely * correction}
    return parts | sum_contributions(of_traits)


def explain_choice(
    model: ChannelModel, inputs: Columns, chosen: str, runner_up: str, writer: ReasonWriter
) -> list[list[ChoiceReason]]:
    """Write the reasons for an identified arm over another one.

    Parameters
    ----------
    inputs : columns
        The features that the model reads and T, one row per customer.
    chosen, runner_up : str
        Arms of the model, or `none`.

    Returns
    -------
    list of list of ChoiceReason
        By customer, the largest effect first. Effects sum to the difference of the two arms on
        the logit scale; families without an effect are left out.
    """
    parts = logit_difference_parts(model, inputs, chosen, runner_up)
    columns = {name: np.asarray(inputs[name]) for name in (*model.traits.columns, "T")}
    levels = _levels_sentence(model, chosen, runner_up)
    shared = {trait.column for trait in model.traits.shared}
    return [
        _explain_row(
            {name: float(values[row_index]) for name, values in parts.items()},
            shared,
            writer.speakable_facts({name: column[row_index] for name, column in columns.items()}),
            writer,
            levels,
        )
        for row_index in range(len(next(iter(columns.values()))))
    ]


def _explain_row(
    effects: Mapping[str, float], shared: set[str], facts: Facts, writer: ReasonWriter, levels: str
) -> list[ChoiceReason]:
    """Write the reasons for one customer: group the effects by family, and describe each."""
    grouped: dict[str, dict[str, float]] = {}
    for name, effect in effects.items():
        grouped.setdefault(_family(name, shared), {})[name] = effect
    reasons = []
    for family, of_family in grouped.items():
        nothing = levels if family == CHANNELS else f"Nothing to tell of {family}."
        description = _describe_weightiest(of_family, facts, writer, nothing)
        reasons.append(_effect_reason(family, sum(of_family.values()), description))
    return sorted(
        (reason for reason in reasons if reason.effect), key=lambda r: -abs(r.effect or 0.0)
    )


def _describe_weightiest(
    effects: Mapping[str, float], facts: Facts, writer: ReasonWriter, nothing: str
) -> Description:
    """Describe the column with the largest effect among those with a fact: feature or situation."""
    name = weightiest(effects, [n for n in effects if n in facts])
    if name is not None and is_situation(name):
        return None, None, None, situation_sentence(name, float(facts[name]))
    if name is not None and writer.features[name].kind == "text":
        words = name.removeprefix("attr_").replace("_", " ")
        return name, None, None, f"Declares {facts[name]} as {words}."
    return writer.describe_weightiest(effects, facts, nothing)


def _family(name: str, shared: set[str]) -> str:
    """Return the family of reasons to which a term of a difference belongs."""
    if name == LEVEL:
        return CHANNELS
    if is_situation(name):
        return CONSENTS if name in shared else OCCASION
    if _SENT_LATELY.fullmatch(name):
        return LATELY
    return CUSTOMERS if name in shared or name in (LIKELY, TREES) else RESPONSE


def _effect_reason(family: str, effect: float, description: Description) -> ChoiceReason:
    """Make a reason that is part of the difference between two arms."""
    direction: ChoiceDirection = "for" if effect > 0 else "against"
    return ChoiceReason(family, effect, direction, *description)


def _levels_sentence(model: ChannelModel, chosen: str, runner_up: str) -> str:
    """State P(purchase) of an average customer after two arms, and the number of random draws."""
    arms = (chosen, runner_up)
    first, second = (f"{_percent(_average_p(model, arm))} {_after(arm)}" for arm in arms)
    draws = [f"{model.evidence[arm].randomised:,}" for arm in arms]
    days = format_count(model.window_days, "days")
    return (
        f"The chance that an average customer buys within {days} is "
        f"{first} and {second}, by {draws[0]} and {draws[1]} random draws."
    )


def _average_p(model: ChannelModel, arm: str) -> float:
    """Compute P(purchase within the window) of a customer whose traits are all average."""
    level = 0.0 if arm == NO_MESSAGE else model.effects.means[_arm_index(model, arm)][0]
    return float(expit(logit(model.base_rate) + model.effects.calibration[0] + level))


def _arm_index(model: ChannelModel, arm: str) -> int:
    """Return the position of an arm in the posterior of the effects."""
    return list(model.traits.own).index(arm)


def explain_only_arm(chosen: str) -> ChoiceReason:
    """Write the reason that no second identified arm may be used, so that none is compared."""
    others = "No channel" if chosen == NO_MESSAGE else "Nothing else"
    return _plain_reason(EVIDENCE, f"{others} with enough random draws may be used now.")


def explain_order(
    model: ChannelModel, default_order: Sequence[str], chosen: str
) -> list[ChoiceReason]:
    """Write the reasons for a choice by an order that is the same for every customer.

    Parameters
    ----------
    default_order : sequence of str
        The order that the shop has set; if it is empty, channels are ordered by their conversion.
    chosen : str
        The first eligible arm of the order.
    """
    first = f"the first of them that may be used now is {chosen}"
    if chosen == NO_MESSAGE:
        is_ordered = NO_MESSAGE in default_order
        first = f"{first}, no message" if is_ordered else "none of them may be used now"
    if default_order:
        order = f"The order that nextbuy.toml sets is {', '.join(default_order)}; {first}."
        reasons = [_plain_reason(ORDER, order)]
    else:
        reasons = [_plain_reason(CONVERSION, f"{_conversion_sentence(model)}; {first}.")]
    return [*reasons, _plain_reason(EVIDENCE, _draws_sentence(model))]


def _conversion_sentence(model: ChannelModel) -> str:
    """State how many messages of each channel were followed by a purchase, without a full stop."""
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


def _draws_sentence(model: ChannelModel) -> str:
    """State how few messages were drawn at random, and how many more each arm needs."""
    drawn = sum(evidence.randomised for evidence in model.evidence.values())
    sends = f"{drawn:,} {'send was' if drawn == 1 else 'sends were'}"
    subject = f"Only {sends}" if drawn else "Nothing was"
    missing = [f"{arm} {draws:,}" for arm, draws in model.missing_draws.items()]
    wanted = f"; to compare by customer takes further draws: {', '.join(missing)}"
    return (
        f"{subject} drawn at random: the order is the same for every customer"
        f"{wanted if missing else ''}."
    )


def explain_cost(
    model: ChannelModel,
    worth: MessageValue,
    p: Mapping[str, float],
    chosen: str,
    recent: float,
    money: MoneyFormat,
) -> ChoiceReason | None:
    """State the amounts if cost and fatigue decided; None if the likeliest arm was chosen.

    Parameters
    ----------
    worth : MessageValue
        The shop's margin and costs.
    p : dict of str to float
        P(purchase within the window) of the identified arms that may be used.
    chosen : str
        The arm of the highest value.
    recent : float
        The customer's number of messages in the last seven days.
    money : MoneyFormat
        How amounts are written.
    """
    likeliest = max(p, key=lambda arm: p[arm], default=chosen)
    if chosen not in p or p[likeliest] <= p[chosen]:
        return None
    amounts = [
        f"{money.show_finely(worth.margin * model.spend * p[arm])} less "
        f"{money.show_finely(float(worth.message_cost(arm, np.array([recent]))[0]))}"
        for arm in (likeliest, chosen)
    ]
    return _plain_reason(
        MONEY,
        f"Likeliest is a purchase {_after(likeliest)}, {_percent(p[likeliest])}, against "
        f"{_percent(p[chosen])} {_after(chosen)}; expected margin less cost and fatigue is "
        f"{amounts[0]}, against {amounts[1]}.",
    )


def exclusion_sentence(channel: str, why_not: str, would_be_first: bool) -> str:
    """State why a channel is not eligible.

    Parameters
    ----------
    why_not : str
        The reasons, in words.
    would_be_first : bool
        Whether the channel would have been recommended if it were eligible.

    >>> exclusion_sentence("email", "no consent", True)
    'Would have been first: email; no consent.'
    """
    return f"{'Would have been first: ' if would_be_first else 'Out: '}{channel}; {why_not}."


def _plain_reason(family: str, sentence: str) -> ChoiceReason:
    """Make a reason that is not part of the difference between two arms."""
    return ChoiceReason(family, None, None, None, None, None, sentence)


def _after(arm: str) -> str:
    """Return the words for an arm that follow a probability."""
    return "without a message" if arm == NO_MESSAGE else f"after {arm}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
