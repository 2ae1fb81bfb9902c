"""Profile and calendar: what a customer has declared, and what time of year it is."""

from collections.abc import Sequence

from features.catalog.feature import Aggregate, Derived, Feature
from features.catalog.relation import Lookup
from features.inputs.sources import name_sql, quote

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
    Aggregate("tenure_days", "profile", "min", "floor((cutoff - first_seen_at) / 86400000000)", "days since the shop first met the customer", "days", "profile"),
    Aggregate("birth_year", "profile", "max", "birth_year", "year of birth as declared", "year", "profile"),
]  # fmt: skip


def attribute_features(attributes: Sequence[str]) -> list[Feature]:
    """Declare each attribute of the customers: what it says, and how many say the same."""
    return [feature for name in attributes for feature in _attribute(name)]


def _attribute(name: str) -> list[Feature]:
    here, what = f"attribute = {quote(name)}", name.removeprefix("attr_").replace("_", " ")
    same = 'customers / nullif("@population:customers", 0)'
    return [
        Aggregate(name, "statements", "top", "value", f"{what} as declared", "name", "profile", where=here, by="happened_at", kind="text"),
        Aggregate(f"{name}_share", "statements", "max", same, f"share of customers with the same {what}", "share", "profile", where=here),
    ]  # fmt: skip


def _exposure(days: int) -> Derived:
    """Declare how strong the coming days were a year ago, 1 for an average season.

    It takes a year of orders before that: the first season of a young log is its growth.
    """
    coming, year = name_sql(f"@season:next_{days}d"), name_sql("@season:year")
    return Derived(
        f"season_exposure_{days}d",
        f'CASE WHEN cutoff_day - "@season:first_day" >= 364 THEN {364 / days:.6f}e0 * {coming} / nullif({year}, 0) END',
        f"orders of the {days} days that begin a year ago, over an average {days} days of that year",
        "ratio",
        "calendar",
    )  # fmt: skip


CALENDAR: list[Feature] = [
    Derived("cutoff_weekday", "(cutoff_day + 3) % 7", "weekday of the cutoff, 0 is Monday", "weekday", "calendar"),
    Derived("cutoff_season", "(cutoff_day % 365.2425e0) / 365.2425e0", "time of the year of the cutoff, 0 at its beginning", "share of a year", "calendar"),
    _exposure(28),
    _exposure(91),
]  # fmt: skip
