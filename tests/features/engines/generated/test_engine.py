"""Each aggregate as declared, whoever else is computed beside a customer."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from features.arrays import History
from features.engines.generated.engine import GeneratedPlan
from features.engines.plan import FeaturePlan
from features.history.flat_columns import Flattener
from features.history.layout import HISTORY_COLUMNS, TEXT_COLUMNS
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Derived
from features.language.relation import Lookup, Relation, Relations
from features.language.scope import Lookups, Scope

_DAY = 86_400_000_000
_SCOPE = Scope(10 * _DAY, 10)

_ROWS = Relation(
    "r",
    table="events",
    columns={"happened_at": "occurred_at", "a": "price", "t": "event_type", "day": "local_day"},
)


def _feature(aggregate: str, value: str, by: str = "", **parts: object) -> Aggregate:
    parts = {"name": "f", "relation": "r"} | parts
    return Aggregate(  # type: ignore[arg-type]
        aggregate=aggregate, value=value, description="", unit="", family="", by=by, **parts
    )


def _events(**columns: list[object]) -> History:
    count = len(next(iter(columns.values())))
    events = {}
    for name in HISTORY_COLUMNS["events"]:
        values = columns.get(name, [None if name in TEXT_COLUMNS else 1.0] * count)
        events[name] = np.array(values, object if name in TEXT_COLUMNS else float)
    return {"events": events}


def _catalog(*features: Aggregate | Derived, relations: tuple[Relation, ...] = ()) -> Catalog:
    return Catalog(features, Relations((_ROWS, *relations)))


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (_feature("sum", "a"), 7.0),
        (_feature("count", "a"), 3.0),
        (_feature("mean", "a", where="t = 'x'"), 3.0),
        (_feature("median", "a"), 2.0),
        (_feature("std", "a", where="a < 4"), np.sqrt(0.5)),
        (_feature("std", "a", where="a < 2"), np.nan),
        (_feature("min", "a", where="t <> 'y'"), 2.0),
        (_feature("max", "a", lookback=2), 4.0),
        (_feature("max", "a", where="t = 'nobody'"), np.nan),
        (_feature("count", "a", where="t = 'nobody'"), 0.0),
        (_feature("last", "a", by="happened_at"), 4.0),
        (_feature("top", "t", by="a", kind="text"), "x"),
        (_feature("top", "t", by="a - a", kind="text"), "x"),
        (_feature("top", "t", by="a", where="a > 9", kind="text"), None),
    ],
)
def test_each_aggregate_leaves_out_what_is_missing(feature: Aggregate, expected: object) -> None:
    instants = [_DAY, 2 * _DAY, 3 * _DAY, 9 * _DAY]
    tables = _events(price=[1, 2, np.nan, 4], event_type=["y", "x", "x", "x"], occurred_at=instants)
    for customers in ([tables], [tables, tables]):
        found = FeaturePlan(_catalog(feature)).compute(customers, _SCOPE)["f"][0]
        np.testing.assert_equal(found, expected)


def test_what_was_known_later_is_not_read() -> None:
    tables = _events(known_at=[1, 10 * _DAY, 10 * _DAY + 1], occurred_at=[1, 10 * _DAY, 5])
    assert FeaturePlan(_catalog(_feature("count", "a"))).compute([tables], _SCOPE)["f"] == [2]


def test_what_happens_later_is_not_read_however_early_it_was_known() -> None:
    tables = _events(known_at=[1, 1, 1], occurred_at=[1, 10 * _DAY, 10 * _DAY + 1])
    assert FeaturePlan(_catalog(_feature("count", "a"))).compute([tables], _SCOPE)["f"] == [2]


def test_a_lookback_begins_just_after_its_first_instant() -> None:
    """Whether the feature looks back, the relation that it reads, or one that this reads."""
    tables = _events(occurred_at=[8 * _DAY - 1, 8 * _DAY, 8 * _DAY + 1, 9 * _DAY])
    columns = {"happened_at": "happened_at", "a": "a"}
    recent = replace(_ROWS, name="recent", lookback=2)
    of_recent = Relation("of_recent", sources=("recent",), columns=columns)
    recent_of = Relation("recent_of", sources=("r",), columns=columns, lookback=2)
    catalog = _catalog(
        _feature("count", "a", name="itself", lookback=2),
        *(_feature("count", "a", name=f"f_{r.name}", relation=r.name)
          for r in (recent, of_recent, recent_of)),
        relations=(recent, of_recent, recent_of),
    )  # fmt: skip
    found = FeaturePlan(catalog).compute([tables], _SCOPE)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [2.0] for name in ("itself", "f_recent", "f_of_recent", "f_recent_of")
    }


def test_fractions_add_up_to_the_same_alone_and_in_a_batch() -> None:
    """The order of summing up decides the last bit."""
    rng = np.random.default_rng(0)
    customers = [
        _events(
            price=(rng.lognormal(3, 2, n) * (1 if place else 1e9)).tolist(),
            event_type=rng.choice(["x", "y", None], n).tolist(),
            occurred_at=rng.integers(0, 10 * _DAY, n).tolist(),
            local_day=rng.integers(0, 10, n).tolist(),
        )
        for place, n in enumerate([0, 1, 7, 8, 9, 60, 129, 300])
    ]
    groups = Relation("g", sources=("r",), by=("t", "day"), totals={"a": ("sum", "a / 3")})
    within = Relation(
        "w", sources=("g",), by=("t",), totals={"a": ("sum", "a"), "n": ("count", "a")}
    )
    days = Relation(
        "d", sources=("r",), by=("day",), totals={"a": ("sum", "a")},
        order="day", gaps={"gap": "a"}, ages={"age": "a"},
    )  # fmt: skip
    features = [
        *(
            _feature(kind, value, name=f"{kind}_{value}_{relation}", relation=relation)
            for kind in ("sum", "mean", "std", "median", "min", "max")
            for relation, value in (("r", "ln(greatest(a, 1))"), ("r", "a / 7"), ("g", "a"),
                                    ("w", "a"), ("w", "n"), ("d", "gap"), ("d", "age"))
        ),
        _feature("mean", "a / 3", name="shortly", where="NOT t = 'x'", lookback=3),
    ]  # fmt: skip
    plan = FeaturePlan(_catalog(*features, relations=(groups, within, days)))
    together = plan.compute(customers, _SCOPE)
    for place, tables in enumerate(customers):
        for name, values in plan.compute([tables], _SCOPE).items():
            np.testing.assert_array_equal(values[0], together[name][place], err_msg=name)


def test_the_rows_of_a_listed_relation_stand_beside_the_features() -> None:
    groups = Relation("g", sources=("r",), by=("t",), totals={"a": ("sum", "a")})
    catalog = _catalog(_feature("count", "a"), relations=(groups,)).listing("g", "t", "a")
    some = _events(price=[1, 2, 4], event_type=["y", None, "y"], occurred_at=[1, 2, 3])
    nothing = _events(price=[1], event_type=["y"], known_at=[11 * _DAY])
    for customers in ([some], [nothing, some]):
        values = FeaturePlan(catalog).compute(customers, _SCOPE)
        assert values["g"][-1] == [("y", 5.0), (None, 2.0)]
        assert values["f"][-1] == 3
    assert values["g"][0] == FeaturePlan(catalog).compute([nothing], _SCOPE)["g"][0] == []


def test_what_is_not_there_is_not_listed() -> None:
    with pytest.raises(ValueError, match=r"r: lists \['b'\]"):
        _catalog(_feature("count", "a")).listing("r", "b")
    with pytest.raises(ValueError, match=r"r: lists .* a feature's name"):
        _catalog(_feature("count", "a", name="r")).listing("r", "a")


def test_the_function_names_what_is_the_same_for_all_rows_outside_its_loops() -> None:
    catalog = _catalog(_feature("count", "a", where="happened_at > cutoff - 3 * 7"))
    before, *loops = GeneratedPlan(catalog).source.split("for ")
    assert "3.0 * 7.0" in before
    assert not [loop for loop in loops if "3.0 * 7.0" in loop]


def test_what_rows_are_not_compared_by_is_refused() -> None:
    gaps = Relation(
        "o", sources=("r",), columns={"day": "day", "t": "t"}, order="day", within=("t",),
        gaps={"gap": "day"},
    )  # fmt: skip
    with pytest.raises(ValueError, match="o: expected gaps and ages without"):
        GeneratedPlan(_catalog(_feature("sum", "gap", relation="o"), relations=(gaps,)))


def test_features_of_rows_from_two_sources_are_refused() -> None:
    both = Relation("b", sources=("r", "r"), columns={"a": "a"})
    with pytest.raises(ValueError, match="b: expected features of a relation with one source"):
        GeneratedPlan(_catalog(_feature("sum", "a", relation="b"), relations=(both,)))


def test_the_source_is_the_same_in_every_process() -> None:
    """Compiled functions are found by the hash of their source."""
    script = (
        "from features.catalog.dictionary import make_catalog\n"
        "from features.engines.generated.engine import GeneratedPlan\n"
        "from features.language.vocabulary import Vocabulary\n"
        "from tests.features.catalog.small_history import ALL_COLUMNS\n"
        "import hashlib, sys\n"
        "source = GeneratedPlan(make_catalog(Vocabulary(ALL_COLUMNS))).source\n"
        "sys.stdout.write(hashlib.sha256(source.encode()).hexdigest())\n"
    )
    hashes = {
        subprocess.check_output(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2", "3")
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("prices", [{"x": 2.0, "z": None}, {str(n): 9.0 for n in range(9)}])
@pytest.mark.parametrize("of_build", [True, False])
def test_a_lookup_joins_by_text_whatever_texts_were_there_before(
    prices: dict, of_build: bool
) -> None:
    """One of few texts and one of many; the second build has other codes for the same texts."""
    lookup = Lookup("l", "r", "t", {"price": ("mean", "a")})
    joined = Relation("j", sources=("r",), columns={"p": "price"}, lookup=lookup)
    sums = _feature("sum", "p", relation="j")
    plan = GeneratedPlan(Catalog([sums], Relations((_ROWS, joined)), [lookup]))
    scope = Scope(10 * _DAY, 10, Lookups(0, {"l": {"price": prices}}))
    for texts in (["x", "y", None], ["0", "x", "y"], ["x", "y", None]):
        events = _events(event_type=texts, occurred_at=[1, 2, 3])
        columns = replace(Flattener(plan.tables, plan.words).flatten([events]), of_build=of_build)
        expected = sum(prices.get(text) or 0.0 for text in texts)
        assert plan.compute(columns, scope)["f"].tolist() == [expected]
