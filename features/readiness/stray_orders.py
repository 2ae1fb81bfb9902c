"""Finds single orders far from all others, which set neither the begin nor the end of the data."""

from collections.abc import Iterator

from features.log.log import Log
from features.readiness.finding import Finding
from features.setting_line import SettingLine
from features.windows import date_of_day, end_of_day

_EXAMPLES = 5


def find_stray_orders(log: Log) -> Iterator[Finding]:
    """Find orders outside of the data's days, and an end that a single order set."""
    span, zone = log.data_span, log.shop.timezone
    if span is None:
        return
    if span.earlier:
        first = date_of_day(span.first_day)
        yield _stray(
            log,
            f"orders before the others, which begin on {first}; no history is counted from them",
            f"ordered_at <= {end_of_day(span.first_day - 1, zone)}",
            "Correct or leave them out, or export the orders of the days between.",
        )
    if log.shop.section.observed_until is not None:
        return
    last = date_of_day(span.last_day)
    if span.later:
        yield _stray(
            log,
            f"orders after the others, which end on {last}; the data ends there, and what follows "
            "is not judged as if it had been observed",
            f"greatest(known_at, ordered_at) > {end_of_day(span.last_day, zone)}",
            "Export the orders of the days between; if there are none, set shop.observed_until.",
        )
    if not span.is_last_sure:
        yield Finding(
            "advice",
            "orders.ordered_at",
            f"too few orders to see where the data ends: the last one sets it, {last}",
            None,
            None,
            [],
            "Set shop.observed_until to the day up to which the export is complete.",
            [SettingLine("shop", f'observed_until = "{last}"')],
        )


def _stray(log: Log, what: str, condition: str, remedy: str) -> Finding:
    rows = log.fetch(f"SELECT order_id FROM orders WHERE {condition} ORDER BY ordered_at, order_id")
    return Finding(
        "warning",
        "orders.ordered_at",
        what,
        len(rows),
        len(rows) / log.count("orders"),
        [order for (order,) in rows[:_EXAMPLES]],
        remedy,
    )
