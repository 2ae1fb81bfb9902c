"""Tests of the functions that the generated source consists of, and what they share."""

import numpy as np

from features.engines.generated.source_sections import SourceSections


def _run(sections: SourceSections, customers: int = 1) -> list[float]:
    namespace: dict = {}
    exec(sections.text(), namespace)
    out = [np.nan] * customers
    namespace["run"](
        customers, 1, 1, [[0] * (customers + 1)],
        [[7.0]], [[0]], 5.0, 0.0, [], [], [], [0.0] * 8, 4, [0, 0], [0] * 40, [0.0], [], out,
    )  # fmt: skip
    return out


def test_a_count_of_rows_is_handed_from_function_to_function() -> None:
    sections = SourceSections()
    container = sections.new_container()
    with sections.open("one"):
        sections.block.add(f"{sections.used(container)} += 2")
    with sections.open("two"):
        used = sections.used(container)
        sections.end_with(f"out[base] = {used}")
        sections.end_with(f"out[base] = {used}")
    assert _run(sections) == [2]
    assert sections.text().count("out[base] = ") == 1


def test_a_variable_begins_anew_in_every_function() -> None:
    sections = SourceSections()
    for name in ("one", "two"):
        with sections.open(name):
            total = sections.variable("0", "total")
            assert sections.variable("0", "total") == total
            sections.block.add(f"{total} += cutoff")
            sections.end_with(f"out[base] = {total}")
    assert _run(sections, 2) == [5, 5]


def test_an_array_has_one_place_among_the_arguments() -> None:
    sections = SourceSections()
    with sections.open("one"):
        first = sections.column("orders", "amount", is_text=False)
        assert sections.column("orders", "amount", is_text=False) == first
        sections.end_with(f"out[base] = {first}[0]")
        sections.column("orders", "store", is_text=True)
    assert (sections.numbers, sections.texts) == ([("orders", "amount")], [("orders", "store")])
    assert _run(sections) == [7]


def test_regions_named_alike_are_one_and_others_lie_apart() -> None:
    sections = SourceSections()
    assert sections.region_of("a", "b") == sections.region_of("a", "b")
    assert sections.region_of("a") != sections.region_of("a", "b")
    assert sections.regions == 2
