"""Which categories are due, and when: a customer's replenishment cycles as an answer tells them."""

from collections.abc import Iterable, Set
from heapq import nlargest
from operator import attrgetter

from features.windows import DAY, to_datetime
from serving.schemas.answer_schemas import Due

# The relation that is listed, from which the features of replenishment come as well, and what is
# read of a row: how often the category was bought, and in how many days it is due, NaN without a
# cycle.
CYCLES = "cycles"
CYCLE = ("category", "lines", "due_days")
Cycle = tuple[str, float, float]

# A household of a grocer has eighty categories that are due within a quarter.
MAX_DUE = 10


def list_due(
    cycles: Iterable[Cycle], as_of: int, horizon_days: int, unspoken: Set[str]
) -> list[Due]:
    """List the categories that are overdue or come due within the horizon, the earliest first.

    Of more than `MAX_DUE` those with the most order lines: what is bought again and again is
    bought next; those furthest past their due date are mostly given up (see the lab book).

    Parameters
    ----------
    cycles : iterable of (category, lines, due_days)
    unspoken : set of str
        Categories that are never named.
    """
    due = [
        (lines, category, days)
        for category, lines, days in cycles
        if days <= horizon_days and category not in unspoken
    ]
    told = [
        Due(category=category, due_at=to_datetime(as_of + round(days * DAY)))
        for _, category, days in nlargest(MAX_DUE, due)
    ]
    return sorted(told, key=attrgetter("due_at", "category"))
