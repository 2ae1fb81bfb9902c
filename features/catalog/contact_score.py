"""Declares the contact score: points for every interaction, as nextbuy.toml sets them.

The score is the sum of the interactions that a shop can know of: a table or a column that the shop
does not give takes its term with it. The feature keeps its name all the same, because its
definition has always depended on the shop (its points, its tables), and the vocabulary that says
so is stored with every artefact: an artefact computes the score as it was trained with, and the
hash of the definition refuses a store that computes another one under the same name. With all
columns given the definition does not mention any of this, so that its hash is that of a full shop.
"""

from collections.abc import Collection, Mapping, Sequence

from features.catalog.relations import HUMAN_OPEN
from features.contract.casts import quote
from features.language.feature import Aggregate, Derived, Feature

_LOOKBACK = 91
_AGO = (0, 7, 30)


def contact_features(
    points: Mapping[str, int], tables: Mapping[str, Collection[str]]
) -> list[Feature]:
    """Declare the contact score over the tables and columns that the shop gives, and its changes.

    The score of an earlier day is made of the same interactions, as known at the cutoff.

    Parameters
    ----------
    points : mapping of str to int
        Points by interaction: `purchase`, `return`, `opened`, `clicked`, `unsubscribed`, or a
        type of event.
    tables : mapping of str to collection of str
        The columns that the shop gives, by table of the contract.
    """
    parts: list[Feature] = []
    for ago in _AGO:
        parts += _parts(points, tables, ago)
    return [
        *parts,
        *(_score(parts, ago) for ago in _AGO),
        *(
            Derived(
                name=f"contact_score_change_{d}d",
                expression=f"{_name(0)} - {_name(d)}",
                description=f"contact score less that of {d} days ago: below 0 the contact cools",
                sentence=f"Contact score against {d} days ago: {{signed}}",
                unit="points",
                family="contact",
            )
            for d in _AGO[1:]
        ),
    ]


def _name(ago: int) -> str:
    return "contact_score" if ago == 0 else f"contact_score_{ago}d_ago"


def _then(ago: int) -> str:
    return f" of {ago} days ago" if ago else ""


def _score(parts: Sequence[Feature], ago: int) -> Derived:
    names = [part.name for part in parts if part.name.endswith(f"_{ago}d_ago")]
    what = (
        f"contact score{_then(ago)}: points of all interactions of the {_LOOKBACK} days before, "
        "as nextbuy.toml sets them"
    )
    return Derived(
        name=_name(ago),
        expression=" + ".join(names),
        description=what,
        unit="points",
        family="contact",
    )


def _parts(
    points: Mapping[str, int], tables: Mapping[str, Collection[str]], ago: int
) -> list[Feature]:
    """Declare the points of each table in the 91 days that end `ago` days before the cutoff."""
    microseconds = 86_400_000_000
    span = (
        f"happened_at <= cutoff - {ago * microseconds} AND "
        f"happened_at > cutoff - {(ago + _LOOKBACK) * microseconds}"
    )
    when = f", {ago} days ago" if ago else ""
    values = {"orders": ("purchases", str(points.get("purchase", 0)))}
    if "returns" in tables:
        values["returns"] = ("returns", str(points.get("return", 0)))
    if "events" in tables:
        values["events"] = ("events", _by_type(points))
    answers = _answers(tables.get("messages", ()))
    if answers:
        values["messages"] = ("messages", _by_answer(points, answers))
    left_out = {"messages": _without(answers)}
    return [
        Aggregate(
            name=f"{table}_points_sum_{ago}d_ago",
            relation=relation,
            aggregate="sum",
            value=value,
            description=f"part of the contact score{_then(ago)} that comes from {table}"
            f"{left_out.get(table, '')}",
            sentence=f"Contact score from {table}{when}: {{value}}",
            unit="points",
            family="contact",
            where=span,
        )
        for table, (relation, value) in values.items()
    ]


_NO_EVENTS = ("purchase", "return", "opened", "clicked", "unsubscribed")


def _by_type(points: Mapping[str, int]) -> str:
    cases = " ".join(
        f"WHEN event_type = {quote(name)} THEN {n}"
        for name, n in sorted(points.items())
        if name not in _NO_EVENTS and n
    )
    return f"CASE {cases} ELSE 0 END" if cases else "0"


# What a customer does with a message -> the condition that it was done. Each needs the column of
# the same name.
_ANSWERS = {
    "opened": HUMAN_OPEN,
    "clicked": "clicked_at IS NOT NULL",
    "unsubscribed": "unsubscribed_at IS NOT NULL",
}


def _answers(columns: Collection[str]) -> list[str]:
    """Name the answers to a message that a shop with these columns can know of."""
    return [answer for answer in _ANSWERS if f"{answer}_at" in columns]


def _by_answer(points: Mapping[str, int], answers: Sequence[str]) -> str:
    return " + ".join(
        f"CASE WHEN {_ANSWERS[answer]} THEN {points.get(answer, 0)} ELSE 0 END"
        for answer in answers
    )


def _without(answers: Collection[str]) -> str:
    """Say which columns of messages the shop does not give, so that the score is without them."""
    missing = [f"messages.{answer}_at" for answer in _ANSWERS if answer not in answers]
    return f"; without {', '.join(missing)}, which the shop does not give" if missing else ""
