"""Tests of the constants of a cutoff."""

import pytest

from features.language.scope import Lookups, Scope

LOOKUPS = Lookups(
    5,
    tables={"rates": {"sent": {"email": 3.0, "a:b": 4.0}}},
    scalars={"@season:year": 7.0, "@season:next": None},
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cutoff", 100),
        ("cutoff_day", 2),
        ("@season:year", 7.0),
        ("@season:next", None),
        ("@rates:sent:email", 3.0),
        ("@rates:sent:a:b", 4.0),
        ("@rates:sent:fax", None),
        ("@rates:opened:email", None),
        ("@unknown:column", None),
    ],
)
def test_a_constant_is_the_cutoff_or_a_value_of_a_lookup(name: str, value: float | None) -> None:
    assert Scope(100, 2, LOOKUPS).constant(name) == value


def test_a_scope_without_lookups_knows_the_clock_only() -> None:
    scope = Scope(100, 2)
    assert (scope.constant("cutoff"), scope.constant("@season:year")) == (100, None)
