"""Contact score: points for every interaction, as the shop sets them in nextbuy.toml."""

from collections.abc import Mapping, Sequence

from features.contract.casts import quote
from features.language.feature import Aggregate, Derived, Feature

_LOOKBACK = 91
_AGO = (0, 7, 30)


def contact_features(points: Mapping[str, int], tables: Sequence[str]) -> list[Feature]:
    """Declare the contact score over the tables that the shop gives, and its change.

    The score of an earlier day is made of the same interactions, as known today.
    """
    parts: list[Feature] = []
    for ago in _AGO:
        parts += _parts(points, tables, ago)
    return [
        *parts,
        *(_score(parts, ago) for ago in _AGO),
        *(
            Derived(f"contact_score_change_{d}d", f"{_name(0)} - {_name(d)}", f"contact score less that of {d} days ago: below 0 the contact cools", "points", "contact")
            for d in _AGO[1:]
        ),
    ]  # fmt: skip


def _name(ago: int) -> str:
    return "contact_score" if ago == 0 else f"contact_score_{ago}d_ago"


def _then(ago: int) -> str:
    return f" of {ago} days ago" if ago else ""


def _score(parts: Sequence[Feature], ago: int) -> Derived:
    names = [part.name for part in parts if part.name.endswith(f"_{ago}d_ago")]
    what = f"contact score{_then(ago)}: points of all interactions of the {_LOOKBACK} days before, as nextbuy.toml sets them"
    return Derived(_name(ago), " + ".join(names), what, "points", "contact")


def _parts(points: Mapping[str, int], tables: Sequence[str], ago: int) -> list[Feature]:
    """Declare the points of each table, of the days up to `ago` days before the cutoff."""
    microseconds = 86_400_000_000
    span = (
        f"happened_at <= cutoff - {ago * microseconds} AND "
        f"happened_at > cutoff - {(ago + _LOOKBACK) * microseconds}"
    )
    values = {"orders": ("purchases", str(points.get("purchase", 0)))}
    if "returns" in tables:
        values["returns"] = ("returns", str(points.get("return", 0)))
    if "events" in tables:
        values["events"] = ("events", _by_type(points))
    if "messages" in tables:
        values["messages"] = ("messages", _by_answer(points))
    return [
        Aggregate(f"{table}_points_sum_{ago}d_ago", relation, "sum", value, f"part of the contact score{_then(ago)} that comes from {table}", "points", "contact", where=span)
        for table, (relation, value) in values.items()
    ]  # fmt: skip


_NO_EVENTS = ("purchase", "return", "opened", "clicked", "unsubscribed")


def _by_type(points: Mapping[str, int]) -> str:
    cases = " ".join(
        f"WHEN event_type = {quote(name)} THEN {n}"
        for name, n in sorted(points.items())
        if name not in _NO_EVENTS and n
    )
    return f"CASE {cases} ELSE 0 END" if cases else "0"


def _by_answer(points: Mapping[str, int]) -> str:
    opened, clicked, left = (points.get(n, 0) for n in ("opened", "clicked", "unsubscribed"))
    return (
        f"CASE WHEN opened_at IS NOT NULL AND NOT machine_opened THEN {opened} ELSE 0 END"
        f" + CASE WHEN clicked_at IS NOT NULL THEN {clicked} ELSE 0 END"
        f" + CASE WHEN unsubscribed_at IS NOT NULL THEN {left} ELSE 0 END"
    )
