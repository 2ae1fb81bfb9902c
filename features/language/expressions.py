"""The SQL text of a feature as numpy, with SQL's own three-valued logic.

`row_expressions` writes the same texts for one row. Numbers and truth values are floats in which
NaN is NULL; texts are objects in which None is NULL. Whole numbers up to 2^53 (instants in
microseconds, money in minor units) are exact in that form. Only the nodes below are understood;
anything else is refused when the feature is declared, not when a customer is scored.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp


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
    return _parse(text).copy()


@cache
def _parse(text: str) -> exp.Expression:
    tree: exp.Expression = sqlglot.parse_one(text, dialect="duckdb")  # type: ignore[assignment]
    for node in tree.walk():
        if type(node) not in _KNOWN:
            raise ExpressionError(f"`{text}`: {type(node).__name__} is not in the feature language")
        if isinstance(node, exp.Literal) and not node.is_string and "." in node.this:
            if "e" not in node.this.lower():
                raise ExpressionError(f"`{text}`: write {node.this}e0, so that no engine rounds")
        if isinstance(node, (exp.Div, exp.Mod)) and not _is_nonzero(node.expression.unnest()):
            raise ExpressionError(f"`{text}`: wrap the divisor {node.expression.sql()} in nullif")
        if isinstance(node, (exp.Ln, exp.Sqrt)) and not _is_positive(node.this.unnest()):
            raise ExpressionError(f"`{text}`: wrap {node.this.sql()} in greatest with a number")
        if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
            raise ExpressionError(f"`{text}`: IS is understood with NULL only")
    return tree


@cache
def names_in(text: str) -> frozenset[str]:
    """Name the columns that an expression reads.

    >>> sorted(names_in("gap_days / nullif(age_days, 0)"))
    ['age_days', 'gap_days']
    """
    return frozenset(column.name for column in _parse(text).find_all(exp.Column))


def _value(node: Any) -> str:
    """Write the Python source of a value."""
    kind = type(node)
    if kind in OPERATORS:
        return f"({_value(node.this)} {OPERATORS[kind]} {_value(node.expression)})"
    if kind in _FUNCTIONS:
        arguments = [node.this, *([node.expression] if node.args.get("expression") else [])]
        return f"{_FUNCTIONS[kind]}({', '.join(_value(a) for a in arguments)})"
    if kind in _FOLDED:
        source = _value(node.this)
        for other in node.expressions:
            source = f"{_FOLDED[kind]}({source}, {_value(other)})"
        return source
    if kind in _LEAVES:
        return _LEAVES[kind](node)
    return f"where({_condition(node)}, 1.0, where({_condition(node, negated=True)}, 0.0, nan))"


def _literal(node: Any) -> str:
    return repr(str(node.this)) if node.is_string else repr(float(node.this))


def _case(node: Any) -> str:
    source = _value(node.args["default"]) if node.args.get("default") else "nan"
    if source == "nan" and _is_text(node.args["ifs"][0].args["true"]):
        source = "None"
    texts = source == "None" or any(_is_text(part) for part in node.find_all(exp.Literal))
    function = "case" if texts else "where"  # which need not look for texts
    for branch in reversed(node.args["ifs"]):
        source = f"{function}({_condition(branch.this)}, {_value(branch.args['true'])}, {source})"
    return source


def _condition(node: Any, negated: bool = False) -> str:
    """Write the Python source of where a condition is true; with `negated`, of where it is false.

    NULL is neither, which is how the three-valued logic comes out right without a third value.
    """
    kind = type(node)
    if kind is exp.Paren:
        return _condition(node.this, negated)
    if kind is exp.Not:
        return _condition(node.this, not negated)
    if kind in (exp.And, exp.Or):
        operator = "&" if (kind is exp.And) != negated else "|"
        left, right = (_condition(side, negated) for side in (node.this, node.expression))
        return f"({left} {operator} {right})"
    if kind is exp.Is:
        return f"{'known' if negated else 'isnull'}({_value(node.this)})"
    if kind is exp.In:
        options = ", ".join(_value(option) for option in node.expressions)
        return f"{'outside' if negated else 'within'}({_value(node.this)}, ({options},))"
    if kind in COMPARISONS:
        left, right = _value(node.this), _value(node.expression)
        operator = COMPARISONS[OPPOSITES[kind]] if negated else COMPARISONS[kind]
        if operator == "!=" or (operator == "==" and not isinstance(node.expression, exp.Literal)):
            return f"{'differ' if operator == '!=' else 'equal'}({left}, {right})"
        return f"({left} {operator} {right})"
    return f"({_value(node)} == {0.0 if negated else 1.0})"


def _is_text(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


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


OPERATORS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_FUNCTIONS = {
    exp.Neg: "-",
    exp.Paren: "",
    exp.Abs: "abs",
    exp.Ln: "ln",
    exp.Sqrt: "sqrt",
    exp.Floor: "floor",
    exp.Mod: "fmod",
    exp.Nullif: "nullif",
}
_FOLDED = {exp.Coalesce: "coalesce", exp.Greatest: "greatest", exp.Least: "least"}
_LEAVES: dict[type, Callable[[Any], str]] = {
    exp.Column: lambda node: f"c[{node.name!r}]",
    exp.Literal: _literal,
    exp.Boolean: lambda node: repr(float(node.this)),
    exp.Null: lambda _: "nan",
    exp.Case: _case,
}
COMPARISONS: dict[type, str] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
OPPOSITES: dict[type, type] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
_KNOWN = {
    *OPERATORS, *_FUNCTIONS, *_FOLDED, *_LEAVES, *COMPARISONS,
    exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.If, exp.Identifier,
}  # fmt: skip
