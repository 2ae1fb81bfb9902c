"""Tests of the declaration of a feature: what it reads, its definition, what it refuses."""

import dataclasses

import pytest

from features.language.feature import Aggregate, Derived, Quantiles

FREQUENCY = Aggregate(
    "frequency",
    relation="purchase_days",
    aggregate="count",
    value="gap_days",
    description="days with a purchase",
    unit="days",
    family="RFM",
)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aggregate": "mode"}, "expected an aggregate of .*, got `mode`"),
        ({"aggregate": "last"}, "expected `by` with `last` and `top`"),
        ({"value": "gap_days / 0"}, "wrap the divisor"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(change: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(FREQUENCY, **change)


def test_a_lookback_reads_the_clock_and_constants_are_no_columns() -> None:
    recent = dataclasses.replace(FREQUENCY, lookback=30, where='day > cutoff_day - "@season:year"')
    assert FREQUENCY.inputs == {"gap_days"}
    assert recent.inputs == {"gap_days", "day", "happened_at"}
    assert recent.names == {"gap_days", "day", "cutoff_day", "@season:year"}


def test_a_derived_feature_reads_features_and_constants() -> None:
    share = Derived(
        "share",
        expression='frequency / nullif("@season:year", 0) + cutoff_day',
        description="",
        unit="share",
        family="RFM",
    )
    assert share.inputs == {"frequency"}
    assert share.names == {"frequency", "@season:year", "cutoff_day"}
    assert share.definition == share.expression


def test_words_are_no_part_of_the_definition_and_every_other_part_is() -> None:
    words = {"name": "x", "description": "x", "unit": "x", "family": "x", "sentence": "x"}
    assert dataclasses.replace(FREQUENCY, **words).definition == FREQUENCY.definition
    for part in ({"value": "day"}, {"where": "day > 3"}, {"lookback": 3}, {"relation": "events"}):
        assert dataclasses.replace(FREQUENCY, **part).definition != FREQUENCY.definition


def test_quantiles_are_defined_by_feature_and_levels() -> None:
    definitions = {Quantiles("r", f, p).definition for f in ("a", "b") for p in ((20,), (20, 40))}
    assert len(definitions) == 4
