"""The SQL text of a feature, as a numpy function with SQL's own three-valued logic.

Numbers and truth values are float64 arrays in which NaN is NULL; texts are object arrays in
which None is NULL. Whole numbers up to 2^53 (instants in microseconds, money in minor units)
are exact in that form. Only the nodes below are understood; anything else is refused when the
feature is declared, not when a customer is scored.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp

Array = NDArray[Any]
Columns = Mapping[str, Any]
Function = Callable[[Columns], Any]


class ExpressionError(ValueError):
    """The SQL text of a feature uses what the engines cannot all do."""


def parse(text: str) -> exp.Expression:
    """Parse and check the SQL text of a feature.

    Raises
    ------
    ExpressionError
        A node outside the list, a decimal literal (`1.0` is DECIMAL in Spark: write `1.0e0`),
        a division by what may be zero, a logarithm or root of what may be negative.
    """
    tree: exp.Expression = sqlglot.parse_one(text, dialect="duckdb")  # type: ignore[assignment]
    for node in tree.walk():
        if type(node) not in _BUILDERS and not isinstance(node, (exp.Identifier, exp.If)):
            raise ExpressionError(f"`{text}`: {type(node).__name__} is not in the feature language")
        if isinstance(node, exp.Literal) and not node.is_string and "." in node.this:
            if "e" not in node.this.lower():
                raise ExpressionError(f"`{text}`: write {node.this}e0, so that no engine rounds")
        if isinstance(node, exp.Div) and not _is_nonzero(node.expression.unnest()):
            raise ExpressionError(f"`{text}`: wrap the divisor {node.expression.sql()} in nullif")
        if isinstance(node, (exp.Ln, exp.Sqrt)) and not _is_positive(node.this.unnest()):
            raise ExpressionError(f"`{text}`: wrap {node.this.sql()} in greatest with a number")
    return tree


def names_in(text: str) -> set[str]:
    """Name the columns that an expression reads.

    >>> sorted(names_in("gap_days / nullif(age_days, 0)"))
    ['age_days', 'gap_days']
    """
    return {column.name for column in parse(text).find_all(exp.Column)}


@cache
def compile_expression(text: str) -> Function:
    """Compile SQL text into a function from columns to one array (or scalar).

    >>> compile_expression("a / nullif(b, 0)")({"a": np.array([1.0, 2]), "b": np.array([4.0, 0])})
    array([0.25,  nan])
    """
    return _build(parse(text))


def _build(node: exp.Expression) -> Function:
    return _BUILDERS[type(node)](node)


def _column(node: Any) -> Function:
    name = node.name
    return lambda columns: columns[name]


def _literal(node: Any) -> Function:
    value = node.this if node.is_string else float(node.this)
    return lambda _: value


def _boolean(node: Any) -> Function:
    value = float(node.this)
    return lambda _: value


def _constant(value: float) -> Callable[[Any], Function]:
    return lambda _: lambda _: value


def _unary(function: Callable[[Any], Any]) -> Callable[[Any], Function]:
    def build(node: Any) -> Function:
        inner = _build(node.this)
        return lambda columns: function(inner(columns))

    return build


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Any], Function]:
    def build(node: Any) -> Function:
        left, right = _build(node.this), _build(node.expression)
        return lambda columns: function(left(columns), right(columns))

    return build


def _nary(function: Callable[[Any, Any], Any]) -> Callable[[Any], Function]:
    def build(node: Any) -> Function:
        inner = [_build(child) for child in (node.this, *node.expressions)]

        def run(columns: Columns) -> Any:
            result = inner[0](columns)
            for function_of in inner[1:]:
                result = function(result, function_of(columns))
            return result

        return run

    return build


def _case(node: Any) -> Function:
    branches = [(_build(branch.this), _build(branch.args["true"])) for branch in node.args["ifs"]]
    default = _build(node.args["default"]) if node.args.get("default") else _constant(np.nan)(node)

    def run(columns: Columns) -> Any:
        result = default(columns)
        for condition, value in reversed(branches):
            result = np.where(condition(columns) == 1, value(columns), result)
        return result

    return run


def _is_null(value: Any) -> Any:
    return np.asarray(pd.isna(value), dtype=float)


def _is(node: Any) -> Function:
    if not isinstance(node.expression, exp.Null):
        raise ExpressionError(f"`{node.sql()}`: IS is understood with NULL only")
    inner = _build(node.this)
    return lambda columns: _is_null(inner(columns))


def _compare(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Lift a comparison to SQL's rule: NULL compared with anything is NULL."""

    def run(left: Any, right: Any) -> Any:
        null = (_null_mask(left)) | (_null_mask(right))
        return np.where(null, np.nan, function(left, right))

    return run


def _null_mask(value: Any) -> Any:
    if isinstance(value, str):
        return False
    return _is_null(value) == 1


def _and(left: Any, right: Any) -> Any:
    return np.where((left == 0) | (right == 0), 0.0, left * right)


def _or(left: Any, right: Any) -> Any:
    return np.where((left == 1) | (right == 1), 1.0, left * right)


def _nullif(left: Any, right: Any) -> Any:
    return np.where(left == right, np.nan, left)


def _coalesce(left: Any, right: Any) -> Any:
    return np.where(_null_mask(left), right, left)


def _is_nonzero(node: exp.Expression) -> bool:
    """Say whether the text shows it: `nullif(x, 0)`, `greatest(x, 1)` or a number."""
    if isinstance(node, exp.Nullif):
        return bool(node.expression.sql() == "0")
    return _is_positive(node)


def _is_positive(node: exp.Expression) -> bool:
    """Say whether the text shows it: `greatest(x, 1)` or a number above 0."""
    if isinstance(node, exp.Greatest):
        return any(_is_positive(part) for part in (node.this, *node.expressions))
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) > 0


_BUILDERS: dict[type, Callable[[Any], Function]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _constant(np.nan),
    exp.Paren: _unary(lambda x: x),
    exp.Neg: _unary(np.negative),
    exp.Not: _unary(lambda x: 1.0 - x),
    exp.Abs: _unary(np.abs),
    exp.Ln: _unary(np.log),
    exp.Sqrt: _unary(np.sqrt),
    exp.Add: _binary(np.add),
    exp.Sub: _binary(np.subtract),
    exp.Mul: _binary(np.multiply),
    exp.Div: _binary(np.divide),
    exp.EQ: _binary(_compare(np.equal)),
    exp.NEQ: _binary(_compare(np.not_equal)),
    exp.LT: _binary(_compare(np.less)),
    exp.LTE: _binary(_compare(np.less_equal)),
    exp.GT: _binary(_compare(np.greater)),
    exp.GTE: _binary(_compare(np.greater_equal)),
    exp.And: _binary(_and),
    exp.Or: _binary(_or),
    exp.Is: _is,
    exp.Nullif: _binary(_nullif),
    exp.Coalesce: _nary(_coalesce),
    exp.Greatest: _nary(np.fmax),
    exp.Least: _nary(np.fmin),
    exp.Case: _case,
}
