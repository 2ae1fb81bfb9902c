"""Describes the features for readers, from their declarations."""

from dataclasses import dataclass

from features.catalog.dictionary import make_catalog
from features.contract.tables import TABLES_BY_NAME
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Feature
from features.language.vocabulary import Vocabulary

# Every table and column; names of the shop's own stand in angle brackets.
FULL_VOCABULARY = Vocabulary(
    {table.name: [c.name for c in table.columns] for table in TABLES_BY_NAME.values()},
    channels=["<channel>"],
    stores=["<store>", "<another store>"],
    attributes=["preferred_channel", "<attribute>"],
)


@dataclass(frozen=True)
class GlossaryEntry:
    """The description of one feature.

    Attributes
    ----------
    name, description, unit, family : str
        As declared.
    tables : list of str
        Tables of the contract that the feature reads.
    lookback : int or None
        Days before the cutoff that it reads; None for all of the history.
    """

    name: str
    description: str
    unit: str
    family: str
    tables: list[str]
    lookback: int | None


def describe_features(catalog: Catalog) -> list[GlossaryEntry]:
    """Describe every feature of a catalog, in the catalog's order."""
    return [
        GlossaryEntry(
            feature.name,
            feature.description,
            feature.unit,
            feature.family,
            sorted(need for need in catalog.needs(feature) if "." not in need),
            _lookback(catalog, feature),
        )
        for feature in catalog.values()
    ]


def _lookback(catalog: Catalog, feature: Feature) -> int | None:
    if isinstance(feature, Aggregate):
        return feature.lookback or catalog.relations.lookback(feature.relation)
    days = [_lookback(catalog, catalog[name]) for name in feature.inputs]
    return None if None in days else max((d for d in days if d is not None), default=None)


def glossary_markdown() -> str:
    """Write the dictionary of all features of the full contract as a Markdown page."""
    catalog = make_catalog(FULL_VOCABULARY)
    entries = [e for e in describe_features(catalog) if not e.name.startswith("<another store>")]
    lines = [_HEAD.format(count=len(entries))]
    for family in dict.fromkeys(entry.family for entry in entries):
        lines.append(f"\n## {family}\n\n{_COLUMNS}")
        lines += [_row(entry) for entry in entries if entry.family == family]
    return "\n".join(lines) + "\n"


_HEAD = """\
<!-- Made from the code by `make reference`: change the code, not this page. -->

# Features

A shop has the features whose tables and columns it gives: {count} on the full contract with one
channel, one named store and one declared attribute, whose names stand in angle brackets. *Days*
says how far back from the cutoff a feature reads; without days it reads the whole history.

How to read them: "in 28 days" is the 28 times 24 hours before the cutoff, and only what was known
at the cutoff counts. Counts, sums and points are 0 where there is nothing; every other feature is
empty (null) where there is nothing to compute it from, and models take empty as such. Money is in
minor units (cents) of the shop's currency. A share lies between 0 and 1. "Drawn to" a value: with
few rows the feature is near that value, with many it is the customer's own."""


_COLUMNS = "| feature | what | unit | tables | days |\n|---|---|---|---|---|"


def _row(entry: GlossaryEntry) -> str:
    days = "" if entry.lookback is None else entry.lookback
    tables = ", ".join(entry.tables)
    return f"| `{entry.name}` | {entry.description} | {entry.unit} | {tables} | {days} |"
