"""Tests of the source of expressions: it follows SQL, and tests for nothing that is known."""

import math
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.generated.expressions import ExpressionWriter, column
from features.engines.generated.source_blocks import SourceBlock

_WORDS = ["email", "no", "none", "sms", "x", "y", "yes"]
_NAMESPACE = {"nan": math.nan, "ln": math.log, "sqrt": math.sqrt, "fmod": math.fmod}
_COLUMNS = {
    "a": column("a"),
    "known": column("known", known="True"),
    "t": column("t", is_text=True),
    "cutoff": column("cutoff", known="True", is_fixed=True),
}


def _writer(block: SourceBlock) -> ExpressionWriter:
    return ExpressionWriter(block, block, _COLUMNS, _code)


def _code(text: str) -> str:
    return str(_WORDS.index(text))


def _value(text: str, **row: object) -> object:
    block = SourceBlock("def run(a, known, t, cutoff):")
    block.add(f"return {_writer(block).value(text).source}")
    namespace: dict = dict(_NAMESPACE)
    exec(block.text(), namespace)
    defaults = {"a": math.nan, "known": 1.0, "t": -1, "cutoff": 10.0}
    return namespace["run"](**defaults | row)


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("a + known * 2", {"a": 1.0}, 3.0),
        ("coalesce(a, known)", {}, 1.0),
        ("greatest(a, known)", {}, 1.0),
        ("least(a, known)", {"a": -2.0}, -2.0),
        ("CASE WHEN t = 'x' THEN 'yes' ELSE 'no' END", {"t": 4}, 6),
        ("CASE WHEN t = 'x' THEN 'yes' END", {"t": 5}, -1),
        ("floor(a)", {"a": -1.5}, -2.0),
        ("t IN ('x', 'y')", {"t": 5}, 1.0),
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
    assert writer.counted("t").known == "t >= 0"


def test_what_is_the_same_for_all_rows_is_computed_outside_the_loop() -> None:
    fixed = SourceBlock("def run():")
    loop = fixed.within("for a in rows:")
    term = ExpressionWriter(loop, fixed, _COLUMNS, _code).expression("a > cutoff - 7")
    loop.add(term.source)
    before, inside = fixed.text().split("for ")
    assert "7.0" in before and "7.0" not in inside


def test_a_condition_is_written_as_the_parts_that_must_all_be_true() -> None:
    block = SourceBlock("def run():")
    conditions = _writer(block).conditions("a > 1 AND t = 'x' AND known < 2")
    assert conditions == ["a > 1.0", f"t == {block.let('4')}", "known < 2.0"]


ROWS = pd.DataFrame(
    {
        "a": [1.0, 0.0, np.nan, 3.0, -2.0],
        "b": [2.0, np.nan, np.nan, 3.0, 0.0],
        "t": ["email", "sms", None, "email", "none"],
    }
)
TEXTS = ["email", "sms", None, "email", "none"]

EXPRESSIONS = [
    "a + 2 * b",
    "a / nullif(b, 0)",
    "-a - abs(b)",
    "ln(greatest(a, 1)) + sqrt(greatest(b, 1e-3))",
    "coalesce(a, b, 7)",
    "least(a, b)",
    "a < b",
    "a <= b AND b > 0",
    "a = b OR b IS NULL",
    "NOT (a < b)",
    "NOT (a < b AND t = 'email')",
    "t = 'email' OR a IS NULL",
    "t <> 'sms'",
    "t IS NOT NULL AND (a >= 1 OR b <> 0)",
    "CASE WHEN a > 0 THEN b WHEN b IS NULL THEN -1 ELSE 0 END",
    "CASE WHEN t = 'email' THEN a END",
    "coalesce(t = 'sms', FALSE)",
    "a * 1.5e0 > 2",
    "t IN ('email', 'none')",
    "NOT t IN ('email', 'none') OR a IN (0, 3)",
    "greatest(a, 4) % 3 + floor(b / 3)",
    "t = 'sms' OR TRUE",
]


def _by_duckdb(text: str) -> np.ndarray:
    frame = ROWS.astype(object).where(ROWS.notna(), None)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE frame (a DOUBLE, b DOUBLE, t VARCHAR)")
    connection.executemany("INSERT INTO frame VALUES (?, ?, ?)", frame.to_numpy().tolist())
    query = f"SELECT CAST({text} AS DOUBLE) AS value FROM frame"
    return connection.execute(query).df()["value"].to_numpy(dtype=float)


def _by_python(text: str) -> np.ndarray:
    """Compute row by row, and also where the value is written as a condition."""
    value, condition = (_function_of(text, write) for write in (_write_value, _write_condition))
    rows = list(
        zip(
            ROWS["a"].tolist(),
            ROWS["b"].tolist(),
            [_WORDS.index(t) if t else -1 for t in TEXTS],
            strict=True,
        )
    )
    values = np.array([value(*row) for row in rows], dtype=float)
    np.testing.assert_array_equal([condition(*row) for row in rows], values == 1)
    return values


def _write_value(writer: ExpressionWriter, block: SourceBlock, text: str) -> None:
    block.add(f"return {writer.value(text).source}")


def _write_condition(writer: ExpressionWriter, block: SourceBlock, text: str) -> None:
    block.add(f"return bool({' and '.join(writer.conditions(text))})")


def _function_of(
    text: str, write: Callable[[ExpressionWriter, SourceBlock, str], None]
) -> Callable[..., float]:
    block = SourceBlock("def run(a, b, t):")
    columns = {"a": column("a"), "b": column("b"), "t": column("t", is_text=True)}
    write(ExpressionWriter(block, block, columns, _code), block, text)
    namespace: dict = dict(_NAMESPACE)
    exec(block.text(), namespace)
    return namespace["run"]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_follows_the_three_valued_logic_of_sql(text: str) -> None:
    np.testing.assert_allclose(_by_python(text), _by_duckdb(text), rtol=1e-12)


_leaf = st.sampled_from(["a > 0", "b < 1", "a = b", "t = 'email'", "b IS NULL", "t <> 'none'"])
_logic = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        inner.map(lambda x: f"NOT ({x})"),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda x: f"(({x[0]}) {x[1]} ({x[2]}))"
        ),
    ),
    max_leaves=6,
)


@given(_logic)
@settings(max_examples=40, deadline=None)
def test_any_combination_of_conditions_agrees_with_duckdb(text: str) -> None:
    np.testing.assert_array_equal(_by_python(text), _by_duckdb(text))
