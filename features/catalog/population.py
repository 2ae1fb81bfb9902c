"""Declares whose features are built: the buyers, or everybody whom the shop has contacted."""

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


_BUYERS, _CONTACTS = _count("purchases"), _count(_SENT.name)


def counting_members(catalog: Catalog, has_messages: bool) -> Catalog:
    """Return a catalog whose last features count what makes a customer one of a population.

    Parameters
    ----------
    catalog : Catalog
        Reads the relation `purchases`.
    has_messages : bool
        Whether the shop gives messages; without them contacts are buyers.
    """
    counts = (_BUYERS, _CONTACTS) if has_messages else (_BUYERS,)
    relations = Relations((*catalog.relations.values(), _SENT))
    features = (*catalog.values(), *counts)
    return Catalog(features, relations, catalog.statistics.values(), catalog.listed)


def member_counts(catalog: Catalog, population: Population) -> list[str]:
    """Name the features of a counting catalog of which one is above 0 for a member.

    Parameters
    ----------
    catalog : Catalog
        From `counting_members`.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, one-time buyers included; or also
        everybody who was sent a message.
    """
    counts = (_BUYERS, _CONTACTS) if population == "contacts" else (_BUYERS,)
    return [feature.name for feature in counts if feature.name in catalog]
