"""Compiles texts of the feature language into numpy functions over many customers' rows.

This is the numpy compiler; the language itself is `features.language.expressions`. The functions
follow SQL's three-valued logic. Numbers and truth values are floats in which NaN is NULL; texts
are objects in which None is NULL. Whole numbers up to 2^53 (instants in microseconds, money in
minor units) are exact in that form.
"""

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from features.language.expressions import COMPARISONS, OPERATORS, OPPOSITES, parse

Function = Callable[[Mapping[str, Any]], Any]


@cache
def compile_expression(text: str) -> Function:
    """Compile an expression into a function from columns to its values.

    Parameters
    ----------
    text : str
        A value in the feature language.

    Returns
    -------
    callable
        From name -> array `(n,)` or scalar to one array `(n,)`, or a scalar where the
        expression reads scalars only.

    Examples
    --------
    >>> compile_expression("a / nullif(b, 0)")({"a": np.array([1.0, 2]), "b": np.array([4.0, 0])})
    array([0.25,  nan])
    """
    return _compile(_value_source(parse(text)))


@cache
def compile_condition(text: str) -> Function:
    """Compile a condition into a function from columns to where it is true; NULL is not true.

    Parameters
    ----------
    text : str
        A condition in the feature language.

    Returns
    -------
    callable
        From name -> array `(n,)` or scalar to a boolean array `(n,)`.

    Examples
    --------
    >>> compile_condition("NOT a > 1")({"a": np.array([0.0, 2.0, np.nan])})
    array([ True, False, False])
    """
    return _compile(_condition_source(parse(text)))


def _compile(source: str) -> Function:
    return eval(f"lambda c: {source}", dict(ARRAY_FUNCTIONS))  # type: ignore[no-any-return]


def compile_sequence(texts: Mapping[str, str]) -> Callable[[dict[str, Any]], None]:
    """Compile named expressions, each of which may read those before it, into one function.

    Parameters
    ----------
    texts : mapping of str to str
        Expressions by name, in the order in which they are computed.

    Returns
    -------
    callable
        Adds every named value to the mapping of columns that it is called with.
    """
    lines = [f"    c[{name!r}] = {_value_source(parse(text))}" for name, text in texts.items()]
    namespace = dict(ARRAY_FUNCTIONS)
    exec("\n".join(["def run(c):", *lines, "    return"]), namespace)
    return namespace["run"]  # type: ignore[no-any-return]


@cache
def compile_together(values: tuple[str, ...], conditions: tuple[str, ...] = ()) -> Function:
    """Compile values and conditions into one function from columns to a tuple of all of them.

    A part that stands in several of them is computed once.

    Parameters
    ----------
    values, conditions : tuple of str
        Texts of the feature language.

    Returns
    -------
    callable
        From name -> array `(n,)` or scalar to a tuple, the values first.

    Examples
    --------
    >>> compile_together(("a + b", "(a + b) * 2"), ("a > b",))({"a": 1.0, "b": 2.0})
    (3.0, 6.0, False)
    """
    sources = [_value_source(parse(text)) for text in values]
    sources += [_condition_source(parse(text)) for text in conditions]
    tree = ast.parse(f"({''.join(source + ', ' for source in sources)})", mode="eval").body
    shared = _Shared(tree)
    result = ast.unparse(shared.visit(tree))
    namespace = dict(ARRAY_FUNCTIONS)
    exec("\n ".join(["def run(c):", *shared.lines, f"return {result}"]), namespace)
    return namespace["run"]  # type: ignore[no-any-return]


class _Shared(ast.NodeTransformer):
    """Rewrites Python source so that a part that stands in it more than once is computed once.

    Attributes
    ----------
    lines : list of str
        Assignments of the shared parts, to be run before the rewritten source.
    """

    def __init__(self, tree: ast.AST) -> None:
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        parts = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, _COMPUTED))
        self._counts = Counter(parts)

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace a shared part by its name; other nodes are visited in turn."""
        if not isinstance(node, _COMPUTED) or self._counts[text := ast.unparse(node)] < 2:
            return self.generic_visit(node)
        if text not in self._names:
            source = ast.unparse(self.generic_visit(node))
            self._names[text] = f"part{len(self._names)}"
            self.lines.append(f"{self._names[text]} = {source}")
        return ast.Name(self._names[text], ast.Load())


_COMPUTED = (ast.Call, ast.BinOp, ast.Compare, ast.UnaryOp, ast.Subscript)


def _value_source(node: Any) -> str:
    """Write the Python source of a value, over the columns `c[name]`."""
    kind = type(node)
    if kind in OPERATORS:
        return f"({_value_source(node.this)} {OPERATORS[kind]} {_value_source(node.expression)})"
    if kind in _FUNCTIONS:
        arguments = [node.this, *([node.expression] if node.args.get("expression") else [])]
        return f"{_FUNCTIONS[kind]}({', '.join(_value_source(a) for a in arguments)})"
    if kind in _FOLDED:
        source = _value_source(node.this)
        for other in node.expressions:
            source = f"{_FOLDED[kind]}({source}, {_value_source(other)})"
        return source
    if kind in _LEAVES:
        return _LEAVES[kind](node)
    true, false = _condition_source(node), _condition_source(node, negated=True)
    return f"where({true}, 1.0, where({false}, 0.0, nan))"


def _literal(node: Any) -> str:
    return repr(str(node.this)) if node.is_string else repr(float(node.this))


def _case(node: Any) -> str:
    source = _value_source(node.args["default"]) if node.args.get("default") else "nan"
    if source == "nan" and _is_text(node.args["ifs"][0].args["true"]):
        source = "None"
    texts = source == "None" or any(_is_text(part) for part in node.find_all(exp.Literal))
    function = "case" if texts else "where"  # which need not look for texts
    for branch in reversed(node.args["ifs"]):
        condition, value = _condition_source(branch.this), _value_source(branch.args["true"])
        source = f"{function}({condition}, {value}, {source})"
    return source


def _condition_source(node: Any, negated: bool = False) -> str:
    """Write the Python source of where a condition is true; with `negated`, of where it is false.

    NULL is neither, which is how the three-valued logic comes out right without a third value.
    """
    kind = type(node)
    if kind is exp.Paren:
        return _condition_source(node.this, negated)
    if kind is exp.Not:
        return _condition_source(node.this, not negated)
    if kind in (exp.And, exp.Or):
        operator = "&" if (kind is exp.And) != negated else "|"
        left, right = (_condition_source(side, negated) for side in (node.this, node.expression))
        return f"({left} {operator} {right})"
    if kind is exp.Is:
        return f"{'known' if negated else 'isnull'}({_value_source(node.this)})"
    if kind is exp.In:
        options = ", ".join(_value_source(option) for option in node.expressions)
        return f"{'outside' if negated else 'within'}({_value_source(node.this)}, ({options},))"
    if kind in COMPARISONS:
        left, right = _value_source(node.this), _value_source(node.expression)
        operator = COMPARISONS[OPPOSITES[kind]] if negated else COMPARISONS[kind]
        if operator == "!=" or (operator == "==" and not isinstance(node.expression, exp.Literal)):
            return f"{'differ' if operator == '!=' else 'equal'}({left}, {right})"
        return f"({left} {operator} {right})"
    return f"({_value_source(node)} == {0.0 if negated else 1.0})"


def _is_text(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


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


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where an array `(n,)` has no value: NaN among numbers, None among texts."""
    if values.dtype.kind == "O":
        return values == None  # type: ignore[no-any-return]  # noqa: E711
    return values != values  # type: ignore[no-any-return]


def is_known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where an array `(n,)` has a value: a number that is not NaN, a text."""
    if values.dtype.kind == "O":
        return values != None  # type: ignore[no-any-return]  # noqa: E711
    return values == values  # type: ignore[no-any-return]


def _isnull(value: Any) -> Any:
    """Say where a value is NULL: NaN of numbers, None of texts."""
    if isinstance(value, np.ndarray):
        return is_missing(value)
    return value is None or value != value


def _known(value: Any) -> Any:
    """Say where a value is not NULL."""
    if isinstance(value, np.ndarray):
        return is_known(value)
    return value is not None and value == value


def _boxed(value: Any) -> Any:
    """Hold a text as an object, so that None can stand beside it."""
    return np.asarray(value, object) if isinstance(value, str) or value is None else value


def _within(value: Any, options: tuple[Any, ...]) -> Any:
    equal = value == options[0]
    for option in options[1:]:
        equal = equal | (value == option)
    return equal


def _ln(value: Any) -> Any:
    """Take logarithms one by one: numpy's differ in the last bit from those of one customer."""
    return np.array(_each_ln(value), float)


_each_ln = np.frompyfunc(math.log, 1, 1)


# What the names in compiled source stand for.
ARRAY_FUNCTIONS: Mapping[str, Any] = {
    "nan": np.nan,
    "ln": _ln,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "fmod": np.fmod,
    "greatest": np.fmax,
    "least": np.fmin,
    "where": np.where,
    "case": lambda condition, yes, no: np.where(condition, _boxed(yes), _boxed(no)),
    "nullif": lambda value, other: np.where(value == other, np.nan, value),
    "coalesce": lambda value, other: np.where(_isnull(value), other, value),
    "isnull": _isnull,
    "known": _known,
    "equal": lambda a, b: (a == b) & _known(a) & _known(b),
    "differ": lambda a, b: (a != b) & _known(a) & _known(b),
    "within": _within,
    "outside": lambda value, options: ~_within(value, options) & ~_isnull(value),
}
