"""Compiles the SQL text of a feature into numpy functions, with SQL's own three-valued logic.

Numbers and truth values are floats in which NaN is NULL; texts are objects in which None is NULL.
Whole numbers up to 2^53 (instants in microseconds, money in minor units) are exact in that form.
"""

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.language.expressions import _condition, _parse, _value

Function = Callable[[Mapping[str, Any]], Any]


@cache
def compile_expression(text: str) -> Function:
    """Compile SQL text into a function from columns to one array (or scalar).

    >>> compile_expression("a / nullif(b, 0)")({"a": np.array([1.0, 2]), "b": np.array([4.0, 0])})
    array([0.25,  nan])
    """
    return _compile(_value(_parse(text)))


@cache
def compile_condition(text: str) -> Function:
    """Compile SQL text into a function from columns to where it is true, NULL being not true.

    >>> compile_condition("NOT a > 1")({"a": np.array([0.0, 2.0, np.nan])})
    array([ True, False, False])
    """
    return _compile(_condition(_parse(text)))


def _compile(source: str) -> Function:
    return eval(f"lambda c: {source}", dict(ARRAY_FUNCTIONS))  # type: ignore[no-any-return]


def compile_sequence(texts: Mapping[str, str]) -> Callable[[dict[str, Any]], None]:
    """Compile named expressions, each of which may read those before it, into one function.

    Returns
    -------
    callable
        Puts every named value among the columns that it is given.
    """
    lines = [f"    c[{name!r}] = {_value(_parse(text))}" for name, text in texts.items()]
    namespace = dict(ARRAY_FUNCTIONS)
    exec("\n".join(["def run(c):", *lines, "    return"]), namespace)
    return namespace["run"]  # type: ignore[no-any-return]


@cache
def compile_together(values: tuple[str, ...], conditions: tuple[str, ...] = ()) -> Function:
    """Compile values and conditions into one function from columns to a tuple of all of them.

    What several of them have in common is computed once.

    >>> compile_together(("a + b", "(a + b) * 2"), ("a > b",))({"a": 1.0, "b": 2.0})
    (3.0, 6.0, False)
    """
    sources = [_value(_parse(text)) for text in values]
    sources += [_condition(_parse(text)) for text in conditions]
    tree = ast.parse(f"({''.join(source + ', ' for source in sources)})", mode="eval").body
    shared = _Shared(tree)
    result = ast.unparse(shared.visit(tree))
    namespace = dict(ARRAY_FUNCTIONS)
    exec("\n ".join(["def run(c):", *shared.lines, f"return {result}"]), namespace)
    return namespace["run"]  # type: ignore[no-any-return]


class _Shared(ast.NodeTransformer):
    """Gives each part of a source that stands in it more than once a line of its own."""

    def __init__(self, tree: ast.AST) -> None:
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        parts = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, _COMPUTED))
        self._counts = Counter(parts)

    def visit(self, node: ast.AST) -> ast.AST:
        """Put the part's name in its place."""
        if not isinstance(node, _COMPUTED) or self._counts[text := ast.unparse(node)] < 2:
            return self.generic_visit(node)
        if text not in self._names:
            source = ast.unparse(self.generic_visit(node))
            self._names[text] = f"part{len(self._names)}"
            self.lines.append(f"{self._names[text]} = {source}")
        return ast.Name(self._names[text], ast.Load())


_COMPUTED = (ast.Call, ast.BinOp, ast.Compare, ast.UnaryOp, ast.Subscript)


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where an array has nothing: NaN of numbers, None of texts."""
    if values.dtype.kind == "O":
        return values == None  # type: ignore[no-any-return]  # noqa: E711
    return values != values  # type: ignore[no-any-return]


def is_known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where an array has something."""
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
    found = value == options[0]
    for option in options[1:]:
        found = found | (value == option)
    return found


def _ln(value: Any) -> Any:
    """Take logarithms one by one: numpy's differ in the last bit from those of one customer."""
    return np.array(_each_ln(value), float)


_each_ln = np.frompyfunc(math.log, 1, 1)


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
