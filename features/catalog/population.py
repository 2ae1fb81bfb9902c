"""Declares whose features are built: the buyers, or everybody whom the shop has contacted."""

from collections.abc import Mapping
from typing import Literal

from features.language.catalog import Catalog
from features.language.feature import Aggregate
from features.language.relation import Relation, Relations

Population = Literal["buyers", "contacts"]

_SENT = Relation(
    name="sent_messages", table="messages", columns={"happened_at": "sent_at"}
)  # of any channel and age, control groups included


def _count(relation: str) -> Aggregate:
    return Aggregate(
        f"known {relation}",
        relation=relation,
        aggregate="count",
        value="happened_at",
        description=f"rows of {relation} that are known",
        unit="rows",
        family="population",
    )


_COUNTS: Mapping[Population, tuple[Aggregate, ...]] = {
    "buyers": (_count("purchases"),),
    "contacts": (_count("purchases"), _count(_SENT.name)),
}


def counting_members(catalog: Catalog, population: Population, has_messages: bool) -> Catalog:
    """Return a catalog whose last features count what makes a customer one of a population.

    Parameters
    ----------
    catalog : Catalog
        Reads the relation `purchases`.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, one-time buyers included; or also
        everybody who was sent a message.
    has_messages : bool
        Whether the shop gives messages; without them contacts are buyers.

    Returns
    -------
    Catalog
        A customer belongs to the population if one of the further features is above 0.
    """
    counts = _COUNTS[population if has_messages else "buyers"]
    relations = Relations((*catalog.relations.values(), _SENT))
    features = (*catalog.values(), *counts)
    return Catalog(features, relations, catalog.statistics.values(), catalog.listed)
