"""Compiles texts of the feature language into source over one row.

The source follows SQL's three-valued logic; the language itself is
`features.language.expressions`. Numbers and truth values are floats in which NaN is NULL; texts
are their codes in the sorted list of all words, in which -1 is NULL. Whether an expression is a
text, and whether it can be NULL at all, is known when the source is written, so that a row is
tested for nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from features.engines.generated.source_blocks import SourceBlock
from features.language.expressions import COMPARISONS, OPERATORS, OPPOSITES, parse


@dataclass(frozen=True)
class Term:
    """The Python source of a value, with what is known about the value when it is written.

    Attributes
    ----------
    source : str
        A Python expression.
    is_text : bool
        True for a text, whose NULL is None; False for a number, whose NULL is NaN.
    known : str
        Source of the condition that the value is not NULL, `True` where it never is; empty where
        the value must get a name first.
    is_fixed : bool
        Whether it is the same for all rows.
    is_simple : bool
        Whether it is a name or a literal, which costs nothing to write again.
    """

    source: str
    is_text: bool = False
    known: str = ""
    is_fixed: bool = False
    is_simple: bool = False


TermColumns = Mapping[str, Term]  # by the name of a column


def column(name: str, is_text: bool = False, known: str = "", is_fixed: bool = False) -> Term:
    """Make the term of a variable of the source, by its name."""
    test = f"{name} >= 0" if is_text else f"{name} == {name}"
    return Term(name, is_text, "True" if known == "True" else test, is_fixed, is_simple=True)


class ExpressionWriter:
    """Writes expressions over some columns as Python source, in a block of the source.

    Parameters
    ----------
    block : SourceBlock
        The block in which a value that is used twice gets a name.
    fixed : SourceBlock
        The block in which a value that is the same for all rows gets a name.
    columns : mapping of str to Term
        The columns and constants that expressions may read, by name.
    word : callable
        Text of a literal -> source of its code.
    """

    def __init__(
        self,
        block: SourceBlock,
        fixed: SourceBlock,
        columns: Mapping[str, Term],
        word: Callable[[str], str],
    ) -> None:
        self._block, self._fixed, self._columns, self._word = block, fixed, columns, word

    def value(self, text: str) -> Term:
        """Write an expression that is used more than once, as a name or a literal."""
        return self._named(self.expression(text))

    def expression(self, text: str) -> Term:
        """Write an expression that is used once."""
        return self._value(parse(text))

    def counted(self, text: str) -> Term:
        """Write an expression of which only `known` is used: whether it has a value."""
        term = self.expression(text)
        return term if term.known else self._named(term)

    def conditions(self, text: str) -> list[str]:
        """Write a condition as a list of conditions that must all be true; NULL is not true."""
        tree = parse(text).unnest()
        parts = list(tree.flatten()) if isinstance(tree, exp.And) else [tree]
        return [self._condition(part) for part in parts]

    def _named(self, term: Term) -> Term:
        if term.is_simple:
            return term
        name = (self._fixed if term.is_fixed else self._block).let(term.source)
        return column(name, term.is_text, term.known, term.is_fixed)

    def _known(self, term: Term) -> str:
        return term.known or self._named(term).known

    def _value(self, node: Any) -> Term:
        node = node.unnest()
        kind = type(node)
        if isinstance(node, exp.Column):
            return self._columns[node.name]
        if isinstance(node, (exp.Literal, exp.Boolean, exp.Null)):
            return self._literal(node)
        if isinstance(node, exp.Case):
            return self._case(node)
        if kind in OPERATORS:
            terms = self._operands(node.this, node.expression)
            return _number(f"({f' {OPERATORS[kind]} '.join(t.source for t in terms)})", terms)
        if kind in _FUNCTIONS:
            return self._function(node)
        if kind in _FOLDED:
            term = self._named(self._value(node.this))
            for other in node.expressions:
                term = self._named(self._folded(_FOLDED[kind], term, self._value(other)))
            return term
        yes, no = self._condition(node), self._condition(node, negated=True)
        return Term(f"(1.0 if {yes} else 0.0 if {no} else nan)")

    def _literal(self, node: Any) -> Term:
        if isinstance(node, exp.Null):
            return Term("nan", False, "False", is_fixed=True, is_simple=True)
        if isinstance(node, exp.Literal) and node.is_string:
            word = self._fixed.let(self._word(str(node.this)))
            return Term(word, True, "True", is_fixed=True, is_simple=True)
        return Term(repr(float(node.this)), False, "True", is_fixed=True, is_simple=True)

    def _operands(self, *nodes: Any) -> list[Term]:
        """Write operands; a fixed one gets a name where another one is not fixed."""
        terms = [self._value(node) for node in nodes]
        if all(term.is_fixed for term in terms):
            return terms
        return [self._named(term) if term.is_fixed else term for term in terms]

    def _function(self, node: Any) -> Term:
        template = _FUNCTIONS[type(node)]
        second = node.args.get("expression")
        terms = self._operands(node.this, *([second] if second else []))
        if isinstance(node, exp.Nullif):
            terms = [self._named(terms[0]), terms[1]]
        term = _number(template.format(*(term.source for term in terms)), terms)
        return replace(term, known="") if isinstance(node, exp.Nullif) else term

    def _folded(self, template: str, a: Term, other: Term) -> Term:
        b = self._named(other)
        if template == "coalesce":
            source, known = f"({a.source} if {a.known} else {b.source})", b.known == "True"
        else:  # a missing one counts for nothing
            missing = "" if a.known == "True" else f"{a.source} != {a.source} or "
            known = "True" in (a.known, b.known)
            source = f"({b.source} if {missing}{b.source} {template} {a.source} else {a.source})"
        return Term(source, a.is_text, "True" if known else "", a.is_fixed and b.is_fixed)

    def _case(self, node: Any) -> Term:
        parts = [(self._condition(b.this), self._value(b.args["true"])) for b in node.args["ifs"]]
        is_text = any(value.is_text for _, value in parts)
        term = self._value(node.args.get("default") or exp.Null())
        if is_text and term.known == "False":
            term = replace(term, source="-1")
        for condition, value in reversed(parts):
            source = f"({value.source} if {condition} else {term.source})"
            term = Term(source, is_text, _chosen(condition, value.known, term.known))
        return term

    def _condition(self, node: Any, negated: bool = False) -> str:
        """Write the source of whether a condition is true; with `negated`, of whether it is false.

        NULL is neither, so that the three-valued logic comes out right without a third value.
        """
        node = node.unnest()
        kind = type(node)
        if isinstance(node, exp.Not):
            return self._condition(node.this, not negated)
        if isinstance(node, (exp.And, exp.Or)):
            operator = "and" if isinstance(node, exp.And) != negated else "or"
            left, right = (self._condition(side, negated) for side in (node.this, node.expression))
            return f"({left} {operator} {right})"
        if isinstance(node, exp.Is):
            known = self._known(self._value(node.this))
            return known if negated else f"(not {known})"
        if isinstance(node, exp.In):
            return self._membership(node, negated)
        if kind in COMPARISONS:
            return self._comparison(OPPOSITES[kind] if negated else kind, node)
        return f"{self._value(node).source} == {0.0 if negated else 1.0}"

    def _membership(self, node: Any, negated: bool) -> str:
        value = self._named(self._value(node.this))
        sign, operator = ("!=", "and") if negated else ("==", "or")
        parts = [
            f"{value.source} {sign} {self._named(self._value(option)).source}"
            for option in node.expressions
        ]
        source = f"({f' {operator} '.join(parts)})"
        return _all(source, value) if negated else source

    def _comparison(self, kind: type, node: Any) -> str:
        """Write a comparison; two missing texts have one code, and NaN differs from all."""
        a, b = self._operands(node.this, node.expression)
        of_nulls = kind is exp.NEQ or (kind is exp.EQ and a.is_text)
        if of_nulls:
            a, b = self._named(a), self._named(b)
        source = f"{a.source} {COMPARISONS[kind]} {b.source}"
        if kind is exp.EQ and "True" in (a.known, b.known):
            return source
        return _all(source, a, b) if of_nulls else source


def _number(source: str, terms: Sequence[Term]) -> Term:
    """Make the term of a number that is known where all terms that it is made of are."""
    known = "True" if all(term.known == "True" for term in terms) else ""
    return Term(source, False, known, all(term.is_fixed for term in terms))


def _all(condition: str, *terms: Term) -> str:
    """Write the source of whether a condition is true and some terms are known."""
    known = [term.known for term in terms if term.known != "True"]
    return f"({' and '.join([condition, *known])})"


def _chosen(condition: str, yes: str, no: str) -> str:
    """Write the source of whether the value that a condition chooses is known."""
    if not yes or not no:
        return ""
    if yes == no:
        return yes
    if no == "False":
        return condition if yes == "True" else f"({condition} and {yes})"
    return f"({yes} if {condition} else {no})"


_FUNCTIONS: dict[type, str] = {
    exp.Neg: "(-{0})",
    exp.Abs: "abs({0})",
    exp.Ln: "ln({0})",
    exp.Sqrt: "sqrt({0})",
    exp.Floor: "({0} // 1.0)",  # which leaves NaN as it is
    exp.Mod: "fmod({0}, {1})",
    exp.Nullif: "(nan if {0} == {1} else {0})",
}
_FOLDED: dict[type, str] = {exp.Coalesce: "coalesce", exp.Greatest: ">", exp.Least: "<"}
