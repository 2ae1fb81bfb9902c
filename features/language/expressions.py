"""Defines the feature language: the part of SQL that the texts of a declaration may use.

A text is parsed and checked here, when the feature is declared. Two compilers turn it into code
with SQL's own three-valued logic: `features.engines.sql.duckdb_engine` into SQL, and
`features.engines.generated.expressions` into Python over one row. Only the nodes below are
understood by both of them; anything else is refused.
"""

from functools import cache

import sqlglot
from sqlglot import exp


class ExpressionError(ValueError):
    """Raised for a text that uses SQL which not every engine can compute alike."""


def parse(text: str) -> exp.Expression:
    """Parse the SQL text of a feature into a syntax tree, and check it.

    Parameters
    ----------
    text : str
        An expression in DuckDB's SQL.

    Returns
    -------
    sqlglot.exp.Expression
        A copy that the caller may change.

    Raises
    ------
    ExpressionError
        The text has a node outside the language, a decimal literal (`1.0` is DECIMAL in Spark:
        write `1.0e0`), a division by what may be zero, or a logarithm or root of what may be
        negative.
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
    """List the names that an expression reads: columns, features, the cutoff and lookups.

    Examples
    --------
    >>> sorted(names_in("gap_days / nullif(age_days, 0)"))
    ['age_days', 'gap_days']
    """
    return frozenset(column.name for column in _parse(text).find_all(exp.Column))


def _is_nonzero(node: exp.Expression) -> bool:
    """Say whether the text shows that a value is not 0: `nullif(x, 0)`, `greatest(x, 1)`, 3."""
    if isinstance(node, exp.Nullif):
        return bool(node.expression.sql() == "0")
    return _is_positive(node)


def _is_positive(node: exp.Expression) -> bool:
    """Say whether the text shows that a value is above 0: `greatest(x, 1)` or a number."""
    if isinstance(node, exp.Greatest):
        return any(_is_positive(part) for part in (node.this, *node.expressions))
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) > 0


# Arithmetic and comparison nodes with their signs in Python source.
OPERATORS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
COMPARISONS: dict[type, str] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
# Comparison -> the one that is true where it is false.
OPPOSITES: dict[type, type] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
# Nodes of the syntax tree that every compiler understands.
_KNOWN = {
    *OPERATORS,
    *COMPARISONS,
    *(exp.Neg, exp.Paren, exp.Abs, exp.Ln, exp.Sqrt, exp.Floor, exp.Mod, exp.Nullif),
    *(exp.Coalesce, exp.Greatest, exp.Least),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null),
    *(exp.Case, exp.If, exp.And, exp.Or, exp.Not, exp.Is, exp.In),
}
