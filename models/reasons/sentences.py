"""Writes the sentences of reasons: a fact about a customer, as a marketer would say it.

What is said of a feature stands in its declaration (`Feature.sentence`); this module fills in the
customer's values. A sentence states what is so and never why: a model's reason is no cause.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from features.language.feature import Feature

# Family of the catalog -> its name for a marketer. What a score takes from a purchase history as a
# whole belongs to the first one.
FAMILIES = {
    "RFM": "purchase history",
    "purchases": "recent purchases and spending",
    "rhythm": "buying rhythm",
    "basket": "what is bought",
    "returns": "returns",
    "browsing": "visits and browsing",
    "messaging": "messages",
    "stores": "activity by store",
    "profile": "profile",
    "calendar": "time of year",
    "contact": "contact with the shop",
}

Facts = Mapping[str, Any]  # name of a feature -> the customer's value, where it is known

# Units whose values are counts, written as `3 days` or `1 day`.
_COUNTED = frozenset(
    """
    days orders channels gaps lines pieces products categories brands colors sizes returns events
    sessions messages campaigns stores points
    """.split()
)
_STATISTICS = ("mean ", "median ")
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = (
    "January February March April May June July August September October November December".split()
)


@dataclass(frozen=True)
class MoneyFormat:
    """How amounts of money in minor units (cents) are written.

    Attributes
    ----------
    currency : str
        Code of the currency, written after the amount.
    minor_digits : int
        Digits after the decimal point: 2 where there are 100 minor units to the currency's own.

    Examples
    --------
    >>> MoneyFormat("EUR", 2).show(1234567)
    '12,345.67 EUR'
    """

    currency: str
    minor_digits: int

    def to_major(self, amount: float) -> float:
        """Turn an amount in minor units into one in the currency's own unit."""
        return float(amount / 10**self.minor_digits)

    def show(self, amount: float) -> str:
        """Write an amount in minor units with all digits and the currency."""
        return f"{_rounded(self.to_major(amount), self.minor_digits)} {self.currency}"

    def show_finely(self, amount: float) -> str:
        """Write an amount to a hundredth of a minor unit, since a message may cost less than one.

        >>> MoneyFormat("EUR", 2).show_finely(0.4)
        '0.004 EUR'
        """
        return f"{_number(self.to_major(amount), self.minor_digits + 2)} {self.currency}"


def feature_sentence(feature: Feature, facts: Facts, money: MoneyFormat) -> str:
    """Write the sentence that a reason gives of a customer's value of a feature.

    The feature's declaration has the sentence, else its description is made into one.

    Parameters
    ----------
    feature : Feature
        Its `sentence` may hold the placeholders `{value}`, `{signed}` and those of `_PHRASES`.
    facts : mapping of str to float or str
        The customer's values by feature: that of the feature, which must be known, and those
        that phrases read (`frequency`, `recency`, `T`, `due_category`) where there are any.
    money : MoneyFormat
        How a value in minor units is written.

    Returns
    -------
    str
        One sentence, with its full stop.
    """
    value = facts[feature.name]
    shown = format_value(value, feature.unit, money)
    if not feature.sentence:
        return _sentence(_from_description(feature, shown, value))
    template = feature.sentence
    if value == 0 and feature.sentence_if_zero:
        template = feature.sentence_if_zero
    return _sentence(_PLACEHOLDER.sub(lambda match: _fill(match[1], value, shown, facts), template))


def _fill(placeholder: str, value: Any, shown: str, facts: Facts) -> str:
    """Give the words that stand in the place of a placeholder."""
    if placeholder == "value":
        return shown
    if placeholder == "signed":
        return shown if value < 0 else f"+{shown}"
    return _PHRASES[placeholder](value, facts)


def history_sentence(facts: Facts) -> str:
    """Write the sentence of a customer's whole purchase history.

    Parameters
    ----------
    facts : mapping of str to float
        `frequency`, `recency` and `T`, all in days.

    Examples
    --------
    >>> history_sentence({"frequency": 14.0, "recency": 268.0, "T": 280.0})
    'Bought on 15 days in 280 days, the last time 12 days ago.'
    >>> history_sentence({"frequency": 0.0, "recency": 0.0, "T": 1.0})
    'Bought on one day so far, 1 day ago.'
    """
    silence = _ago(facts["T"] - facts["recency"])
    if facts["frequency"] < 1:
        return f"Bought on one day so far, {silence}."
    days = format_count(facts["frequency"] + 1, "days")
    return f"Bought on {days} in {format_count(facts['T'], 'days')}, the last time {silence}."


def no_fact_sentence(family: str) -> str:
    """Write the sentence of a family of features of which no value is known or may be told."""
    return f"Nothing to tell of {FAMILIES[family]}."


def format_value(value: Any, unit: str, money: MoneyFormat) -> str:
    """Write a feature's value with its unit.

    Parameters
    ----------
    value : float or str
        A text is written as it is.
    unit : str
        The unit of the feature's declaration; of one that is neither counted nor known here
        the number alone is written.
    money : MoneyFormat
        How a value in minor units is written.

    Examples
    --------
    >>> euros = MoneyFormat("EUR", 2)
    >>> [format_value(value, unit, euros) for value, unit in ((1, "days"), (0.256, "share"))]
    ['1 day', '26 %']
    """
    if unit == "minor units":
        return money.show(value)
    if unit == "share":
        return f"{_number(100 * value, 0)} %"
    if unit == "1 to 5":
        return f"{_number(value, 0)} of 5"
    if unit == "year":
        return str(round(value))  # without a thousands separator
    if unit in _COUNTED:
        return format_count(value, unit)
    return str(value) if isinstance(value, str) else _number(value, 2)


def format_count(value: float, unit: str) -> str:
    """Write a number with what it counts, in the singular for 1.

    Parameters
    ----------
    value : float
        Written with one digit after the point at most.
    unit : str
        The plural of what is counted.

    Examples
    --------
    >>> [format_count(v, unit) for v, unit in ((0, "days"), (1, "categories"), (2.54, "gaps"))]
    ['0 days', '1 category', '2.5 gaps']
    """
    return f"{_number(value, 1)} {_singular(unit) if value == 1 else unit}"


def _number(value: float, digits: int) -> str:
    text = _rounded(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: float, digits: int) -> str:
    """Round to digits after the point, with 0 and not -0 for what is nearly 0."""
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _singular(unit: str) -> str:
    return unit.removesuffix("ies") + "y" if unit.endswith("ies") else unit.removesuffix("s")


def _ago(days: float) -> str:
    return "today" if days < 1 else f"{format_count(days, 'days')} ago"


def _from_description(feature: Feature, shown: str, value: Any) -> str:
    """Make a sentence of a feature's description, without its explanations of the scale."""
    what = re.split(r"; |: |, drawn to ", feature.description)[0]
    what = re.sub(r" \([^)]*\)", "", what).replace("`", "")
    if what.startswith("share of "):
        return re.sub(" that (were|came) ", r" \1 ", f"{shown} {what.removeprefix('share ')}")
    words = what.split(" ")
    if feature.unit in words[:3] and not what.startswith(_STATISTICS):
        words[words.index(feature.unit)] = feature.unit if value != 1 else _singular(feature.unit)
        number = "No" if value == 0 else _number(value, 1)
        return f"{number} {' '.join(words)}"
    return f"{what}: {shown}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _last_purchase(_: Any, facts: Facts) -> str:
    return f"Last purchase {_ago(facts['T'] - facts['recency'])}"


def _usual_gap(_: Any, facts: Facts) -> str:
    """Say how often a customer buys, by the mean gap; a one-time buyer has none."""
    if facts["frequency"] < 1:
        return "only one purchase day so far"
    gap = facts["recency"] / facts["frequency"]
    return f"usually buys every {format_count(round(gap), 'days') if gap >= 1.5 else 'day'}"


def _purchases_after_first(days: float, facts: Facts) -> str:
    """Say how often a buyer came back; a customer who has never bought has no T."""
    if "T" not in facts:
        return "No purchase so far"
    return f"Came back to buy on {format_count(days, 'days')}"


def _due_category(_: Any, facts: Facts) -> str:
    """Name the category that is due, where it is known and may be named."""
    return facts.get("due_category") or "The most overdue category"


def _due(days: float, _: Facts) -> str:
    """Write a number of days as a due date: 0 is today, below 0 is overdue."""
    if abs(days) < 0.5:
        return "due today"
    shown = format_count(round(abs(days)), "days")
    return f"due in {shown}" if days > 0 else f"{shown} overdue"


def _weekday(day: float, _: Facts) -> str:
    """Name a weekday, of which 0 is Monday."""
    return _WEEKDAYS[int(day)]


def _month(share: float, _: Facts) -> str:
    """Name the month of a share of the year."""
    day = share * 365.2425
    ends = (31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 366)
    return next(month for month, end in zip(_MONTHS, ends, strict=True) if day < end)


# Placeholder of a declared sentence -> how its words are made of the value and of other facts.
_PHRASES: dict[str, Callable[[Any, Facts], str]] = {
    "last_purchase": _last_purchase,
    "usual_gap": _usual_gap,
    "purchases_after_first": _purchases_after_first,
    "due_category": _due_category,
    "due": _due,
    "weekday": _weekday,
    "month": _month,
}
_PLACEHOLDER = re.compile(rf"\{{({'|'.join(['value', 'signed', *_PHRASES])})\}}")


def is_known(value: Any) -> bool:
    """Say whether a feature's value is known: a text or a finite number, not None or NaN."""
    return value is not None and (isinstance(value, str) or isfinite(value))
