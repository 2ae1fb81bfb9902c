from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.batch.expressions import compile_expression
from features.engines.generated.expressions import NAMESPACE, ExpressionWriter, column
from features.engines.generated.source_blocks import SourceBlock

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
    rows = list(zip(ROWS["a"].tolist(), ROWS["b"].tolist(), TEXTS, strict=True))
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
    write(ExpressionWriter(block, block, columns), block, text)
    namespace = dict(NAMESPACE)
    exec(block.text(), namespace)
    return namespace["run"]


def _by_numpy(text: str) -> np.ndarray:
    columns = {
        "a": ROWS["a"].to_numpy(),
        "b": ROWS["b"].to_numpy(),
        "t": np.array(TEXTS, dtype=object),
    }
    value = compile_expression(text)(columns)
    return np.broadcast_to(np.asarray(value, dtype=float), 5)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_numpy_follows_the_three_valued_logic_of_sql(text: str) -> None:
    np.testing.assert_allclose(_by_numpy(text), _by_duckdb(text), rtol=1e-12)
    np.testing.assert_array_equal(_by_python(text), _by_numpy(text))


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
    np.testing.assert_array_equal(_by_numpy(text), _by_duckdb(text))
    np.testing.assert_array_equal(_by_python(text), _by_duckdb(text))
