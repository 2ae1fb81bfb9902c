"""Profile and calendar: what a customer has declared, and what time of year it is."""

from collections.abc import Sequence

from features.contract.casts import name_sql, quote
from features.language.feature import Aggregate, Derived, Feature
from features.language.relation import Lookup

POPULATION = Lookup("population", "profile", None, {"customers": ("count", "happened_at")})
SEASON = Lookup(
    "season",
    "purchases",
    None,
    {
        "first_day": ("min", "day"),
        "year": ("count", "CASE WHEN day > cutoff_day - 364 THEN 1 END"),
        "next_28d": ("count", "CASE WHEN day > cutoff_day - 364 AND day <= cutoff_day - 336 THEN 1 END"),
        "next_91d": ("count", "CASE WHEN day > cutoff_day - 364 AND day <= cutoff_day - 273 THEN 1 END"),
    },
)  # fmt: skip


PROFILE: list[Feature] = [
    Aggregate("tenure_days", "profile", "min", "floor((cutoff - first_seen_at) / 86400000000)", "days since the shop first met the customer (`first_seen_at`)", "days", "profile"),
    Aggregate("birth_year", "profile", "max", "birth_year", "year of birth as the latest known row of the customer says", "year", "profile"),
]  # fmt: skip


def attribute_features(attributes: Sequence[str], channels: Sequence[str]) -> list[Feature]:
    """Declare each attribute of the customers: what it says, and how many say the same.

    What is said of the preferred channel is asked of each channel instead.
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
    return Aggregate(name, "statements", "top", "value", f"{_words(name)} as the latest known row of the customer says; empty if it says none", "name", "profile", where=_of(name), by="happened_at", kind="text")  # fmt: skip


def _share(name: str) -> Aggregate:
    same = 'customers / nullif("@population:customers", 0)'
    return Aggregate(f"{name}_share", "statements", "max", same, f"share of all customers who declare the same {_words(name)}: small for a rare one", "share", "profile", where=_of(name))  # fmt: skip


def _preferred(channel: str) -> Aggregate:
    says = f"CASE WHEN value = {quote(channel)} THEN 1 WHEN value IS NOT NULL THEN 0 END"
    return Aggregate(f"{channel}_preferred", "statements", "max", says, f"1: that row names {channel} as the preferred channel, 0: another one; empty if none", "flag", "profile", where=_of(_PREFERRED))  # fmt: skip


def _of(attribute: str) -> str:
    return f"attribute = {quote(attribute)}"


def _words(name: str) -> str:
    return name.removeprefix("attr_").replace("_", " ")


def _exposure(days: int) -> Derived:
    """Declare how strong the coming days were a year ago, 1 for an average season.

    It takes a year of orders before that: the first season of a young log is its growth.
    """
    coming, year = name_sql(f"@season:next_{days}d"), name_sql("@season:year")
    return Derived(
        f"season_exposure_{days}d",
        f'CASE WHEN cutoff_day - "@season:first_day" >= 364 THEN {364 / days:.6f}e0 * {coming} / nullif({year}, 0) END',
        f"season ahead: all orders of the shop in the {days} days that begin a year ago, over an average {days} days of that year; empty before the shop has a year",
        "ratio",
        "calendar",
    )  # fmt: skip


CALENDAR: list[Feature] = [
    Derived("day_of_cutoff", "cutoff_day", "local day of the cutoff, since 1970-01-01", "day", "calendar"),
    Derived("cutoff_weekday", "(cutoff_day + 3) % 7", "weekday of the cutoff in the shop's time zone, 0 is Monday", "weekday", "calendar"),
    Derived("cutoff_season", "(cutoff_day % 365.2425e0) / 365.2425e0", "time of the year of the cutoff: 0 on 1 January, almost 1 on 31 December", "share of a year", "calendar"),
    _exposure(28),
    _exposure(91),
]  # fmt: skip
