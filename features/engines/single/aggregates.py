"""What a row adds to the features and totals that it counts for, as lines of source."""

from collections.abc import Sequence

from features.engines.single.blocks import Block
from features.engines.single.expressions import Term, column
from features.engines.single.sections import Sections
from features.language.feature import Aggregate

# A value is the new extreme where it is not this against the one so far, which begins as NaN.
_BEHIND = {"min": ">=", "max": "<="}


def add_value(
    sections: Sections, feature: Aggregate, block: Block, value: Term, by: Term | None
) -> Term:
    """Add a row to a feature, in the block of the rows that count; give what comes of it."""
    of = (feature.relation, feature.value, feature.where, str(feature.lookback), feature.by)
    if feature.aggregate in _BEHIND:
        return add_extreme(sections, feature.aggregate, block, value, *of)
    count = ""
    if feature.aggregate in ("count", "mean"):
        count = _add_count(sections, block, value, of)
    if feature.aggregate == "count":
        return Term(count, known="True", is_simple=True)
    block = block.when(value.known)
    if by is not None:
        return _choose(sections, feature, block.when(by.known), value, by)
    if feature.aggregate in ("median", "std"):
        values = sections.container("[]", *of, "values")
        block.add(f"{values}.append({value.source})")
        return Term(f"{feature.aggregate}({values})")
    total = sections.variable("0.0", *of, "sum")
    block.add(f"{total} += {value.source}")
    if feature.aggregate == "mean":
        return Term(f"({total} / {count} if {count} else nan)")
    return Term(total, known="True", is_simple=True)


def _add_count(sections: Sections, block: Block, value: Term, of: Sequence[str]) -> str:
    """Count a row; features of different values that are never missing share their count."""
    if value.known == "True":
        of = (of[0], "", *of[2:4], "")
    count = sections.variable("0", *of, "count")
    block.when(value.known).add(f"{count} += 1")
    return count


def add_extreme(sections: Sections, kind: str, block: Block, value: Term, *of: str) -> Term:
    """Keep the least or largest value; NaN where there is none."""
    found = sections.variable("nan", *of, kind)
    further = f"not {value.source} {_BEHIND[kind]} {found}"
    block.when(value.known).when(further).add(f"{found} = {value.source}")
    return column(found)


def _choose(sections: Sections, feature: Aggregate, block: Block, value: Term, by: Term) -> Term:
    """Keep the value with the largest `by`; of equal ones the first value."""
    of = (feature.name, feature.relation)
    found = sections.variable("None" if value.is_text else "nan", *of, "value")
    most = sections.variable("-inf", *of, "by")
    before = f"{by.source} > {most}"
    if feature.aggregate == "top":
        before += f" or {by.source} == {most} and {value.source} < {found}"
    block = block.when(before)
    block.add(f"{most} = {by.source}")
    block.add(f"{found} = {value.source}")
    return column(found, value.is_text)


def add_total(kind: str, block: Block, total: str, value: Term) -> Term:
    """Add a row to a total of its group; give what is known of the total."""
    block = block.when(value.known)
    if kind == "count":
        block.add(f"{total} += 1")
    elif kind == "sum":
        block.add(f"{total} = {value.source} + (0.0 if {total} != {total} else {total})")
    else:
        block.when(f"not {value.source} {_BEHIND[kind]} {total}").add(f"{total} = {value.source}")
    return Term("", known="True" if kind == "count" or value.known == "True" else "")
