"""Lists the product categories whose replenishment is due for a customer, with the instants."""

from collections.abc import Iterable, Set
from heapq import nlargest
from operator import attrgetter

from features.windows import DAY, to_datetime
from serving.schemas.answer_schemas import Due

# Name of the listing of replenishment cycles among the computed features; the features of
# replenishment are computed from the same relation.
CYCLES_LISTING = "cycles"
# Columns of the listing: category, number of order lines, days until it is due (NaN: no cycle).
CYCLE_COLUMNS = ("category", "lines", "due_days")
ReplenishmentCycle = tuple[str, float, float]

# A customer of a grocer has eighty categories that are due within a quarter.
MAX_DUE = 10


def list_due(
    cycles: Iterable[ReplenishmentCycle],
    as_of: int,
    horizon_days: int,
    sensitive_categories: Set[str],
) -> list[Due]:
    """List the categories of a customer that are overdue or come due within the horizon.

    Of more than `MAX_DUE` categories those with the most order lines are listed: what is bought
    again and again is bought next; the categories furthest past their due date are mostly given up.

    Parameters
    ----------
    cycles : iterable of (category, lines, due_days)
        One tuple per category that the customer has bought: its name, the number of order lines,
        and in how many days it is due; negative where it is overdue, NaN without a cycle.
    as_of : int
        Instant in microseconds since 1970 (UTC) from which `due_days` count.
    horizon_days : int
        Categories that are due later than that many days after `as_of` are left out.
    sensitive_categories : set of str
        Names of categories that no answer may name.

    Returns
    -------
    list of Due
        At most `MAX_DUE` categories, the earliest due date first.
    """
    due = [
        (lines, category, days)
        for category, lines, days in cycles
        if days <= horizon_days and category not in sensitive_categories
    ]
    listed = [
        Due(category=category, due_at=to_datetime(as_of + round(days * DAY)))
        for _, category, days in nlargest(MAX_DUE, due)
    ]
    return sorted(listed, key=attrgetter("due_at", "category"))
