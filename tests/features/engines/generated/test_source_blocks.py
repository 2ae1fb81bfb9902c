"""Tests of blocks of Python source."""

from features.engines.generated.source_blocks import SourceBlock


def test_a_value_is_named_once_in_a_block_and_those_within_it() -> None:
    outer = SourceBlock("def run(x):")
    name = outer.let("x + 1")
    inner = outer.within("if x:")
    assert inner.let("x + 1") == name
    inner.add(f"return {name}")
    assert outer.text() == "def run(x):\n    v0 = x + 1\n    if x:\n        return v0"


def test_a_value_of_an_inner_block_is_not_known_outside_it() -> None:
    outer = SourceBlock("def run(x):")
    inner = outer.within("if x:").let("x + 1")
    assert outer.let("x + 1") != inner


def test_two_variables_of_one_source_are_two() -> None:
    block = SourceBlock("def run():")
    assert block.variable("0") != block.variable("0")


def test_conditions_share_a_block_and_one_that_holds_needs_none() -> None:
    block = SourceBlock("def run(x):")
    positive = block.when("x > 0")
    assert block.when("x > 0") is positive
    assert positive.when("x > 0") is positive
    assert block.when("True") is block


def test_a_line_is_written_once_and_an_empty_block_passes() -> None:
    block = SourceBlock("def run():")
    assert block.text() == "def run():\n    pass"
    block.add("return 1")
    block.add("return 1")
    assert block.text() == "def run():\n    return 1"
