"""Tests of the functions that the source for one customer consists of."""

from features.engines.generated.source_sections import SourceSections


def _run(sections: SourceSections, tables: object) -> object:
    namespace: dict = {}
    exec(sections.text(), namespace)
    return namespace["run"](tables, 0.0, 0.0, {}, {})


def test_a_variable_is_handed_from_function_to_function() -> None:
    sections = SourceSections()
    with sections.open("first"):
        total = sections.variable("0", "total")
        sections.block.add(f"{total} += len(tables)")
    with sections.open("second"):
        assert sections.variable("0", "total") == total
        sections.block.add(f"{total} *= 2")
    sections.end().add(f"return {total}")
    assert _run(sections, [1, 2, 3]) == 6


def test_a_container_is_filled_where_it_stands() -> None:
    sections = SourceSections()
    with sections.open("first"):
        rows = sections.container("[]", "rows")
        sections.block.add(f"{rows}.extend(tables)")
    with sections.open("second"):
        assert sections.container("[]", "rows") == rows
        sections.block.add(f"{rows}.append(9)")
    sections.end().add(f"return {rows}")
    assert _run(sections, [1, 2]) == [1, 2, 9]


def test_different_variables_have_different_names() -> None:
    sections = SourceSections()
    with sections.open("first"):
        assert sections.variable("0", "a") != sections.variable("0", "b")
