"""Wording: a family's name and a fact of a customer, as a marketer would say them.

A sentence states what is so and never why: a model's reason is no cause.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from features.language.feature import Feature

# Family of the catalog -> its name for a marketer; the BTYD offset belongs to the first.
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

Facts = Mapping[str, Any]  # what is known of one customer, by feature

# A name, or the end of one -> the sentence where the description is not one; {v} is the value
# with its unit, {s} the same with its sign, \1 what the pattern has caught (a channel, a store).
_TEMPLATES = {
    "recency": "Last purchase {v} after the first",
    "T": "First purchase {v} ago",
    "days_since_last": "Last purchase {v} ago",
    "monetary_value": "Mean spend on a purchase day, after the first: {v}",
    "orders_count": "{v} so far",
    "order_amount_sum": "Spend so far: {v}",
    "order_amount_std": "Order amounts vary by {v}",
    r"purchase_days_trend_(\d+)d": r"{s} with a purchase in \1 days, against the \1 before",
    "gap_std": "Gaps between purchases vary by {v}",
    "gap_trend": "Latest gap between purchases {v} times the mean gap",
    "gap_cv": "Gaps between purchases vary by {v} times their mean",
    "regularity_s": "Irregularity of purchases: {v}, where 0 is a clock and 0.58 is random",
    "regularity_k": "Regularity of purchases: {v}, where 1 is random and more is regular",
    "price_index_mean_365d": "Pays {v} times the mean price of a category",
    "price_index_std_365d": "Price level bought varies by {v}, where 1 is the average price",
    "viewed_price_index_mean_91d": "Views products at {v} times the mean price of a category",
    "premium_share_mean_365d": "{v} of order lines are over 1.25 times the category's mean price",
    "budget_share_mean_365d": "{v} of order lines are under 0.75 times the category's mean price",
    "repeat_share": "{v} of order lines are of a product already bought within two years",
    r"(\w+)_top_share": r"{v} of order lines are of one \1",
    r"(\w+)_lines_max": r"{v} of the \1 bought most often in two years",
    "due_ratio_max": "{v} cycles since the most overdue category was bought",
    "view_trend_28d": "Views in 28 days, against the mean of 91 days: {s}",
    "cart_per_view_91d": "Products put into the cart per view in 91 days: about {v}",
    r"active_days_count_(\d+)d": r"Active on {v} in \1 days",
    r"campaigns_(clicked|converted)_count_365d": r"{v} counted as \1 in 365 days",
    "unsubscribed_count_365d": "Unsubscribed from {v} in 365 days",
    "message_revenue_mean_365d": "Revenue per message of 365 days, as the sender counts it: {v}",
    "message_revenue_share_365d": "The sender counts {v} of the spend of 365 days for messages",
    "fatigue_ratio_28d": "{v} messages in 28 days for a click in 91 days, one added to both",
    r"(.+)_open_rate_182d": r"Open rate of messages by \1: about {v}",
    r"(.+)_click_rate_182d": r"Click rate of messages by \1: about {v}",
    r"(.+)_conversion_rate_182d": r"Conversion rate of messages by \1: about {v}",
    "birth_year": "Born in {v}",
    r"season_exposure_(\d+)d": r"A year ago, the \1 days ahead sold {v} times an average \1 days",
    r"(\w+)_points_sum_0d_ago": r"Contact score from \1: {v}",
    r"(\w+)_points_sum_(\d+)d_ago": r"Contact score from \1, \2 days ago: {v}",
    r"contact_score_change_(\d+)d": r"Contact score against \1 days ago: {s}",
}  # fmt: skip
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
    """How amounts in minor units are shown.

    >>> Money("EUR", 2).show(1234567)
    '12,345.67 EUR'
    """

    currency: str
    minor_digits: int

    def to_major(self, amount: float) -> float:
        """Turn minor units into the currency's own."""
        return float(amount / 10**self.minor_digits)

    def show(self, amount: float) -> str:
        """Write an amount with its currency."""
        return f"{_rounded(self.to_major(amount), self.minor_digits)} {self.currency}"

    def show_finely(self, amount: float) -> str:
        """Write an amount to a hundredth of a minor unit: a message may cost less than one.

        >>> Money("EUR", 2).show_finely(0.4)
        '0.004 EUR'
        """
        return f"{_number(self.to_major(amount), self.minor_digits + 2)} {self.currency}"


def say(feature: Feature, facts: Facts, money: MoneyFormat) -> str:
    """State a customer's value of a feature in a sentence.

    Parameters
    ----------
    facts : mapping
        The value of the feature, which must be known, with `frequency, recency, T` and the
        text `due_category` where there are any.
    """
    value = facts[feature.name]
    rule = _rule(feature)
    if rule is not None:
        return _sentence(rule(value, facts))
    shown = show(value, feature.unit, money)
    for pattern, template in _TEMPLATES.items():
        if match := re.fullmatch(pattern, feature.name):
            text = match.expand(template)
            signed = shown if value < 0 else f"+{shown}"
            return _sentence(text.replace("{v}", shown).replace("{s}", signed))
    return _sentence(_from_description(feature, shown, value))


def say_history(facts: Facts) -> str:
    """State frequency, recency and T in a sentence.

    >>> say_history({"frequency": 14.0, "recency": 268.0, "T": 280.0})
    'Bought on 15 days in 280 days, the last time 12 days ago.'
    >>> say_history({"frequency": 0.0, "recency": 0.0, "T": 1.0})
    'Bought on one day so far, 1 day ago.'
    """
    silence = _ago(facts["T"] - facts["recency"])
    if facts["frequency"] < 1:
        return f"Bought on one day so far, {silence}."
    days = count(facts["frequency"] + 1, "days")
    return f"Bought on {days} in {count(facts['T'], 'days')}, the last time {silence}."


def say_nothing(family: str) -> str:
    """State that there is nothing to tell of a family of the catalog."""
    return f"Nothing to tell of {FAMILIES[family]}."


def show(value: Any, unit: str, money: MoneyFormat) -> str:
    """Write a value with its unit.

    >>> [show(v, unit, Money("EUR", 2)) for v, unit in ((1, "days"), (0.256, "share"))]
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
        return count(value, unit)
    return str(value) if isinstance(value, str) else _number(value, 2)


def count(value: float, unit: str) -> str:
    """Write a number with what is counted.

    >>> [count(v, unit) for v, unit in ((0, "days"), (1, "categories"), (2.54, "gaps"))]
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
    return "today" if days < 1 else f"{count(days, 'days')} ago"


def _from_description(feature: Feature, shown: str, value: Any) -> str:
    """Make a sentence of the description, its explanations of the scale left out."""
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


_Rule = Callable[[Any, Facts], str]


def _rule(feature: Feature) -> _Rule | None:
    """Find the features whose sentence depends on the value, or on other facts."""
    name = feature.name
    if name.startswith("overdue_") or name in ("gap_shrunken", "gap_log_mean"):
        return _overdue
    if feature.unit == "flag":
        return lambda value, _: _flag(feature, value)
    if feature.family == "profile" and feature.unit == "share":
        attribute = name.removesuffix("_share").removeprefix("attr_").replace("_", " ")
        return lambda value, _: (
            f"{_number(100 * value, 0)} % of all customers declare the same {attribute}"
        )
    return _RULES.get(name)


def _overdue(_: Any, facts: Facts) -> str:
    last = f"Last purchase {_ago(facts['T'] - facts['recency'])}"
    if facts["frequency"] < 1:
        return f"{last}; only one purchase day so far"
    gap = facts["recency"] / facts["frequency"]
    return f"{last}; usually buys every {count(round(gap), 'days') if gap >= 1.5 else 'day'}"


def _came_back(days: float, facts: Facts) -> str:
    """Tell how often a buyer came back; who has never bought has no T."""
    return f"Came back to buy on {count(days, 'days')}" if "T" in facts else "No purchase so far"


def _flag(feature: Feature, value: float) -> str:
    """Take apart a description of the form `1: what is so, 0: not; ...`."""
    name = feature.name
    if name.endswith("_preferred"):
        channel = name.removesuffix("_preferred")
        return f"Names {'' if value else 'another preferred channel than '}{channel}" + (
            " as the preferred channel" if value else ""
        )
    what = feature.description.removeprefix("1: ").split(", 0: ")[0]
    return what if value else f"Not {what}"


def _due_category(days: float, facts: Facts) -> str:
    category = facts.get("due_category") or "The most overdue category"
    return f"{category}: {_due(days)} by the customer's own cycle"


def _due(days: float) -> str:
    if abs(days) < 0.5:
        return "due today"
    shown = count(round(abs(days)), "days")
    return f"due in {shown}" if days > 0 else f"{shown} overdue"


def _month(share: float) -> str:
    """Name the month of a share of the year."""
    day = share * 365.2425
    ends = (31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 366)
    return next(month for month, end in zip(_MONTHS, ends, strict=True) if day < end)


_RULES: dict[str, _Rule] = {
    "frequency": _came_back,
    "due_category_days": _due_category,
    "due_days_min": lambda days, _: f"Due first: a category {_due(days)}",
    "cutoff_weekday": lambda day, _: f"Asked on a {_WEEKDAYS[int(day)]}",
    "cutoff_season": lambda share, _: f"Asked in {_month(share)}",
}


def is_known(value: Any) -> bool:
    """Say whether a feature has a value: neither missing nor not a number."""
    return value is not None and (isinstance(value, str) or isfinite(value))
