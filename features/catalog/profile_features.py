"""Declares the features of the profile, which a customer has declared, and of the calendar."""

from collections.abc import Sequence

from features.contract.casts import name_sql, quote
from features.language.feature import Aggregate, Derived, Feature
from features.language.relation import Lookup

POPULATION = Lookup(
    name="population",
    relation="profile",
    key=None,
    totals={"customers": ("count", "happened_at")},
)
SEASON = Lookup(
    name="season",
    relation="purchases",
    key=None,
    totals={
        "first_day": ("min", "day"),
        "year": ("count", "CASE WHEN day > cutoff_day - 364 THEN 1 END"),
        "next_28d": (
            "count",
            "CASE WHEN day > cutoff_day - 364 AND day <= cutoff_day - 336 THEN 1 END",
        ),
        "next_91d": (
            "count",
            "CASE WHEN day > cutoff_day - 364 AND day <= cutoff_day - 273 THEN 1 END",
        ),
    },
)


PROFILE: list[Feature] = [
    Aggregate(
        name="tenure_days",
        relation="profile",
        aggregate="min",
        value="floor((cutoff - first_seen_at) / 86400000000)",
        description="days since the shop first met the customer (`first_seen_at`)",
        unit="days",
        family="profile",
    ),
    Aggregate(
        name="birth_year",
        relation="profile",
        aggregate="max",
        value="birth_year",
        description="year of birth as the latest known row of the customer says",
        sentence="Born in {value}",
        unit="year",
        family="profile",
    ),
]


def attribute_features(attributes: Sequence[str], channels: Sequence[str]) -> list[Feature]:
    """Declare two features per attribute of customers: its value, and how many share the value.

    The attribute `preferred_channel` has one feature per channel in place of the second.

    Parameters
    ----------
    attributes : sequence of str
        Columns of the table customers.
    channels : sequence of str
        The shop's free names of channels.
    """
    features: list[Feature] = []
    for name in attributes:
        features.append(_declared(name))
        if name == _PREFERRED:
            features += [_preferred(channel) for channel in channels]
        else:
            features.append(_share(name))
    return features


_PREFERRED = "preferred_channel"


def _declared(name: str) -> Aggregate:
    return Aggregate(
        name=name,
        relation="statements",
        aggregate="top",
        value="value",
        description=(
            f"{_words(name)} as the latest known row of the customer says; empty if it says none"
        ),
        unit="name",
        family="profile",
        where=_of(name),
        by="happened_at",
        kind="text",
    )


def _share(name: str) -> Aggregate:
    same = 'customers / nullif("@population:customers", 0)'
    return Aggregate(
        name=f"{name}_share",
        relation="statements",
        aggregate="max",
        value=same,
        description=(
            f"share of all customers who declare the same {_words(name)}: small for a rare one"
        ),
        sentence=f"{{value}} of all customers declare the same {_words(name)}",
        unit="share",
        family="profile",
        where=_of(name),
    )


def _preferred(channel: str) -> Aggregate:
    says = f"CASE WHEN value = {quote(channel)} THEN 1 WHEN value IS NOT NULL THEN 0 END"
    return Aggregate(
        name=f"{channel}_preferred",
        relation="statements",
        aggregate="max",
        value=says,
        description=(
            f"1: that row names {channel} as the preferred channel, 0: another one; empty if none"
        ),
        sentence=f"Names {channel} as the preferred channel",
        sentence_if_zero=f"Names another preferred channel than {channel}",
        unit="flag",
        family="profile",
        where=_of(_PREFERRED),
    )


def _of(attribute: str) -> str:
    return f"attribute = {quote(attribute)}"


def _words(name: str) -> str:
    return name.removeprefix("attr_").replace("_", " ")


def _exposure(days: int) -> Derived:
    """Declare the shop's orders in the coming days a year ago, 1 for an average season.

    The feature needs a year of orders, because the first season of a young log shows its growth.
    """
    coming, year = name_sql(f"@season:next_{days}d"), name_sql("@season:year")
    return Derived(
        name=f"season_exposure_{days}d",
        expression=(
            f'CASE WHEN cutoff_day - "@season:first_day" >= 364 '
            f"THEN {364 / days:.6f}e0 * {coming} / nullif({year}, 0) END"
        ),
        description=(
            f"season ahead: all orders of the shop in the {days} days that begin a year ago, over "
            f"an average {days} days of that year; empty before the shop has a year"
        ),
        sentence=f"A year ago, the {days} days ahead sold {{value}} times an average {days} days",
        unit="ratio",
        family="calendar",
    )


CALENDAR: list[Feature] = [
    Derived(
        name="day_of_cutoff",
        expression="cutoff_day",
        description="local day of the cutoff, since 1970-01-01",
        unit="day",
        family="calendar",
    ),
    Derived(
        name="cutoff_weekday",
        expression="(cutoff_day + 3) % 7",
        description="weekday of the cutoff in the shop's time zone, 0 is Monday",
        sentence="Asked on a {weekday}",
        unit="weekday",
        family="calendar",
    ),
    Derived(
        name="cutoff_season",
        expression="(cutoff_day % 365.2425e0) / 365.2425e0",
        description="time of the year of the cutoff: 0 on 1 January, almost 1 on 31 December",
        sentence="Asked in {month}",
        unit="share of a year",
        family="calendar",
    ),
    _exposure(28),
    _exposure(91),
]
