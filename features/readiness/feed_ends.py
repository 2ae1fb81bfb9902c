"""Finds feeds beside the orders that end before them, and single rows after their end."""

from collections.abc import Iterator

import numpy as np

from features.log.data_span import find_last_day
from features.log.log import Log
from features.readiness.coverage import DailyRows
from features.readiness.finding import Finding
from features.windows import date_of_day

_DAYS = 7  # by which a feed may end before the orders without a word,
_PAUSES = 2  # or so many of the pauses that nine in ten of its own stay below


def find_feed_end(log: Log, table: str, days: DailyRows) -> Iterator[Finding]:
    """Find whether the rows of a table end before the orders, and rows after their end.

    The end is found as that of the orders is (`features.log.data_span`); where there are too few
    rows to tell, nothing is said.

    Parameters
    ----------
    log : Log
        The log.
    table : str
        The table: returns, events or messages.
    days : DailyRows
        Its rows by local day.
    """
    last_day, is_sure = find_last_day(days.days, days.counts)
    if not is_sure or log.data_span is None:
        return
    later = int(days.counts[days.days > last_day].sum())
    if later:
        yield Finding(
            "advice",
            table,
            f"rows after the others, which end on {date_of_day(last_day)}",
            later,
            later / int(days.counts.sum()),
            [],
            "Export the rows of the days between.",
        )
    behind = log.data_span.last_day - last_day
    pause = float(np.quantile(days.gaps + 1, 0.9)) if len(days.gaps) else 1.0
    if behind > max(_DAYS, _PAUSES * pause):
        yield Finding(
            "warning",
            table,
            f"the rows end on {date_of_day(last_day)}, {behind} days before the orders: whoever is "
            "active since then seems to do nothing",
            None,
            None,
            [],
            "Export the table again, up to the day of the orders.",
        )
