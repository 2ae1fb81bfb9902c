"""Tests of the feature language: what is refused, and which names an expression reads."""

import pytest

from features.language.expressions import ExpressionError, names_in, parse


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a / b", "wrap the divisor b in nullif"),
        ("a / greatest(b, 0)", "wrap the divisor"),
        ("a / nullif(b, 1)", "wrap the divisor"),
        ("a / 0", "wrap the divisor 0 in nullif"),
        ("ln(a)", "wrap a in greatest"),
        ("sqrt(abs(a))", "in greatest with a number"),
        ("a + 0.5", "write 0.5e0"),
        ("sum(a)", "Sum is not in the feature language"),
        ("a LIKE 'x%'", "Like is not in the feature language"),
        ("(SELECT 1)", "is not in the feature language"),
        ("a IS TRUE", "IS is understood with NULL only"),
    ],
)
def test_what_the_engines_cannot_all_do_is_refused(text: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says):
        parse(text)


def test_the_columns_that_an_expression_reads_are_named() -> None:
    assert names_in("a / nullif(b, 0) > c") == {"a", "b", "c"}


def test_a_parsed_text_may_be_changed_without_changing_the_next_one() -> None:
    parse("a + b").this.set("this", "changed")
    assert parse("a + b").sql() == "a + b"
