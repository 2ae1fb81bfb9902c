"""Writes the lines of source by which a row adds to features and to totals of groups."""

from collections.abc import Sequence

from features.engines.generated.expressions import Term, column
from features.engines.generated.source_blocks import SourceBlock
from features.engines.generated.source_sections import SourceSections
from features.language.feature import Aggregate

# A value is the new extreme where it is not this against the one so far, which begins as NaN.
_BEHIND = {"min": ">=", "max": "<="}


def add_value(
    sections: SourceSections, feature: Aggregate, block: SourceBlock, value: Term, by: Term | None
) -> Term:
    """Write how a row adds to a feature; return the term of the feature after all rows.

    Parameters
    ----------
    sections : SourceSections
        The source that is written, in which the feature's variables get their names.
    feature : Aggregate
        The declaration.
    block : SourceBlock
        The lines that are run for each row that counts for the feature.
    value, by : Term
        The row's value, and the key of its order for `last` and `top`.
    """
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
        return _add_to_values(sections, feature.aggregate, block, value, of)
    total = sections.variable("0.0", *of, "sum")
    block.add(f"{total} += {value.source}")
    if feature.aggregate == "mean":
        return Term(f"({total} / {count} if {count} else nan)")
    return Term(total, known="True", is_simple=True)


def _add_count(sections: SourceSections, block: SourceBlock, value: Term, of: Sequence[str]) -> str:
    """Write how a row is counted; values that are never missing share one count."""
    if value.known == "True":
        of = (of[0], "", *of[2:4], "")
    count = sections.variable("0", *of, "count")
    block.when(value.known).add(f"{count} += 1")
    return count


def _add_to_values(
    sections: SourceSections, kind: str, block: SourceBlock, value: Term, of: Sequence[str]
) -> Term:
    """Write how a value is held for a statistic of all values, such as the median."""
    used = sections.variable("0", *of, kind)
    region = sections.region(sections.region_of(*of, kind))
    block.add(f"rows[{region} + {used}] = {value.source}")
    block.add(f"{used} += 1")
    return Term(f"{kind}(rows, {region}, {used})")


def add_extreme(
    sections: SourceSections, kind: str, block: SourceBlock, value: Term, *of: str
) -> Term:
    """Write the lines of a generated function that keep the smallest or the largest value.

    Parameters
    ----------
    sections : SourceSections
        The generated function; it gets a variable for the value.
    kind : {"min", "max"}
        Which value is kept.
    block : SourceBlock
        The lines that run for each row; those that compare and assign are added to it.
    value : Term
        The value of a row, a number.
    *of : str
        What the variable is named after, such as a feature and its relation.

    Returns
    -------
    Term
        The variable, which is NaN if no row has a value.
    """
    extreme = sections.variable("nan", *of, kind)
    is_further = f"not {value.source} {_BEHIND[kind]} {extreme}"
    block.when(value.known).when(is_further).add(f"{extreme} = {value.source}")
    return column(extreme)


def _choose(
    sections: SourceSections, feature: Aggregate, block: SourceBlock, value: Term, by: Term
) -> Term:
    """Write how the value with the largest `by` is kept; of equal ones the first value."""
    of = (feature.name, feature.relation)
    chosen = sections.variable("-1" if value.is_text else "nan", *of, "value")
    most = sections.variable("-inf", *of, "by")
    before = f"{by.source} > {most}"
    if feature.aggregate == "top":
        before += f" or {by.source} == {most} and {value.source} < {chosen}"
    block = block.when(before)
    block.add(f"{most} = {by.source}")
    block.add(f"{chosen} = {value.source}")
    return column(chosen, value.is_text)


def add_total(kind: str, block: SourceBlock, total: str, value: Term) -> None:
    """Write how a row adds to a total of its group.

    Parameters
    ----------
    kind : {"count", "sum", "min", "max"}
        What the total is.
    block : SourceBlock
        The lines that are run for each row of the group.
    total : str
        Source of the total's place, which holds 0 (`count`) or NaN before the first row.
    value : Term
        The row's value.
    """
    block = block.when(value.known)
    if kind == "count":
        block.add(f"{total} += 1.0")
    elif kind == "sum":
        block.add(f"{total} = {value.source} + (0.0 if {total} != {total} else {total})")
    else:
        block.when(f"not {value.source} {_BEHIND[kind]} {total}").add(f"{total} = {value.source}")
