"""Reads cutoffs that lie within the data of a log."""

from features.errors import refuse
from features.log.log import Log
from features.windows import end_of_day, local_day, read_cutoff, to_datetime


def check_cutoff_in_data(log: Log, cutoff: int) -> None:
    """Refuse a cutoff that is before the first order or after the end of the data.

    After the end, what was not observed would look as if customers did nothing; before the first
    order there is no customer.

    Parameters
    ----------
    log : Log
        The log whose data bound the cutoff.
    cutoff : int
        Microseconds since 1970, UTC.

    Raises
    ------
    InputError
        The cutoff lies outside the data.
    """
    first, last = log.first_order_at, log.observed_until
    if not first <= cutoff <= last:
        raise refuse(
            "cutoff",
            f"an instant within the data ({to_datetime(first):%Y-%m-%d %H:%M} to "
            f"{to_datetime(last):%Y-%m-%d %H:%M} UTC)",
            f"{to_datetime(cutoff):%Y-%m-%d %H:%M} UTC",
            "Use one in that range (`end` is the end of the data), or bring other data.",
        )


def resolve_cutoff(log: Log, text: str) -> int:
    """Return the cutoff that a text names, as an instant (microseconds UTC) within a log's data.

    Parameters
    ----------
    log : Log
        The log whose data the cutoff lies in.
    text : str
        `end` of the data, a date, or a date and time in ISO 8601, in the shop's time zone where it
        has no offset. A date means the last microsecond of its day, and of the last day of the
        data their end.

    Raises
    ------
    InputError
        The text is no instant, or the instant lies outside the data.
    """
    end = log.observed_until
    if text.strip().lower() == "end":
        return end
    cutoff = read_cutoff(text, log.shop.timezone)
    if cutoff == end_of_day(local_day(end, log.shop.timezone), log.shop.timezone):
        return end
    check_cutoff_in_data(log, cutoff)
    return cutoff
