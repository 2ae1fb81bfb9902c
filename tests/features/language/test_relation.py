"""Tests of the declaration of a relation: what it reads and gives, and its definition."""

import dataclasses

import pytest

from features.language.relation import Lookup, Relation, Relations

MEANS = Lookup("means", relation="rows", key="kind", totals={"mean": ("mean", "amount")})
ROWS = Relation("rows", table="orders", columns={"happened_at": "ordered_at", "day": "local_day"})
GROUPS = Relation(
    "groups",
    sources=("rows",),
    where="amount > 0",
    by=("kind",),
    totals={"total": ("sum", "amount / 2"), "last": ("max", "day")},
    order="last",
    gaps={"gap": "last"},
)


def test_a_relation_gives_its_columns_keys_totals_and_gaps() -> None:
    assert ROWS.names == {"happened_at", "day"}
    assert GROUPS.names == {"kind", "total", "last", "gap"}


def test_it_reads_what_its_columns_its_keys_and_its_condition_need() -> None:
    assert GROUPS.inputs("gap") == {"day"}
    assert GROUPS.filters() == {"amount", "kind"}
    assert GROUPS.inputs_of({"gap"}) == {"amount", "kind", "day"}
    assert GROUPS.with_ordered({"total"}) == {"total", "last"}


def test_a_lookback_reads_the_clock() -> None:
    recent = dataclasses.replace(GROUPS, lookback=30)
    assert recent.inputs_of(set()) == {"amount", "kind", "happened_at"}


def test_a_column_of_a_lookup_is_read_by_its_key() -> None:
    joined = Relation("j", sources=("rows",), columns={"x": "amount - mean"}, lookup=MEANS)
    assert joined.inputs("x") == {"amount", "kind"}
    assert joined.looks_up({"x"})
    assert not dataclasses.replace(joined, columns={"x": "amount"}).looks_up({"x"})


def test_the_definition_has_every_part_but_the_name() -> None:
    assert dataclasses.replace(GROUPS, name="other").definition == GROUPS.definition
    for part in ({"where": "amount > 1"}, {"lookback": 3}, {"latest": True}, {"lookup": MEANS}):
        assert dataclasses.replace(GROUPS, **part).definition != GROUPS.definition


def test_relations_are_closed_and_in_order() -> None:
    relations = Relations((ROWS, GROUPS))
    assert [r.name for r in relations.closure({"groups"})] == ["rows", "groups"]
    assert relations.tables("groups") == {"orders"}
    assert GROUPS.definition in relations.definition("groups")
    with pytest.raises(ValueError, match=r"groups: reads \['rows'\], not declared before"):
        Relations((GROUPS, ROWS))


def test_the_shortest_lookback_on_the_way_to_the_rows_counts() -> None:
    recent = dataclasses.replace(ROWS, lookback=90)
    assert Relations((ROWS, GROUPS)).lookback("groups") is None
    assert Relations((recent, GROUPS)).lookback("groups") == 90
    shorter = dataclasses.replace(GROUPS, lookback=30)
    assert Relations((recent, shorter)).lookback("groups") == 30
