"""Tests of the Python source of expressions: what it computes, and what it need not test."""

import math

import pytest

from features.engines.generated.expressions import NAMESPACE, ExpressionWriter, column
from features.engines.generated.source_blocks import SourceBlock

_COLUMNS = {
    "a": column("a"),
    "known": column("known", known="True"),
    "t": column("t", is_text=True),
    "cutoff": column("cutoff", known="True", is_fixed=True),
}


def _writer(block: SourceBlock) -> ExpressionWriter:
    return ExpressionWriter(block, block, _COLUMNS)


def _value(text: str, **row: object) -> object:
    block = SourceBlock("def run(a, known, t, cutoff):")
    block.add(f"return {_writer(block).value(text).source}")
    namespace = dict(NAMESPACE)
    exec(block.text(), namespace)
    defaults = {"a": math.nan, "known": 1.0, "t": None, "cutoff": 10.0}
    return namespace["run"](**defaults | row)


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("a + known * 2", {"a": 1.0}, 3.0),
        ("coalesce(a, known)", {}, 1.0),
        ("greatest(a, known)", {}, 1.0),
        ("least(a, known)", {"a": -2.0}, -2.0),
        ("CASE WHEN t = 'x' THEN 'yes' ELSE 'no' END", {"t": "x"}, "yes"),
        ("CASE WHEN t = 'x' THEN 'yes' END", {"t": "y"}, None),
        ("floor(a)", {"a": -1.5}, -2.0),
        ("t IN ('x', 'y')", {"t": "y"}, 1.0),
    ],
)
def test_a_row_has_the_value_of_the_expression(text: str, row: dict, value: object) -> None:
    assert _value(text, **row) == value


@pytest.mark.parametrize("text", ["a + 1", "a > 1", "nullif(known, 1)", "NOT a > 1", "t = 'x'"])
def test_what_is_missing_makes_what_is_computed_from_it_missing(text: str) -> None:
    value = _value(text)
    assert isinstance(value, float) and math.isnan(value)


def test_a_value_that_is_never_missing_is_not_tested() -> None:
    writer = _writer(SourceBlock("def run():"))
    assert writer.counted("known").known == "True"
    assert writer.counted("known + cutoff").known == "True"
    assert writer.counted("a").known == "a == a"
    assert writer.counted("t").known == "t is not None"


def test_what_is_the_same_for_all_rows_is_computed_outside_the_loop() -> None:
    fixed = SourceBlock("def run():")
    loop = fixed.within("for a in rows:")
    term = ExpressionWriter(loop, fixed, _COLUMNS).expression("a > cutoff - 7")
    loop.add(term.source)
    before, inside = fixed.text().split("for ")
    assert "7.0" in before and "7.0" not in inside


def test_a_condition_is_written_as_the_parts_that_must_all_be_true() -> None:
    conditions = _writer(SourceBlock("def run():")).conditions("a > 1 AND t = 'x' AND known < 2")
    assert conditions == ["a > 1.0", "t == 'x'", "known < 2.0"]
