"""Says in a sentence what is kept of a shop's tables for the next command."""

from collections.abc import Sequence

from features.windows import DAY, to_datetime


def describe_kept(kept: Sequence[tuple[str, int, int]], what: str) -> str:
    """Describe the copies of a shop's tables, with the instant at which the first one was read.

    Parameters
    ----------
    kept : sequence of (str, int, int)
        From `features.log.kept_tables.list_kept`.
    what : str
        What is true of them, such as `removed`.

    Examples
    --------
    >>> describe_kept([("orders", 3_100_000, 0), ("events", 900_000, 60_000_000)], "removed")
    'removed: orders, events (4.0 MB, read 1970-01-01 00:00 UTC)'
    >>> describe_kept([], "removed")
    'removed: nothing'
    """
    if not kept:
        return f"{what}: nothing"
    names = ", ".join(table for table, _, _ in kept)
    size = sum(size for _, size, _ in kept) / 1e6
    read_at = to_datetime(min(at for _, _, at in kept))
    return f"{what}: {names} ({size:.1f} MB, read {read_at:%Y-%m-%d %H:%M} UTC)"


def describe_reused(read_at: int, now: int) -> str:
    """Describe that copies of a shop's databases are used, with their age.

    Parameters
    ----------
    read_at, now : int
        When the databases were read, and the present, in microseconds since 1970-01-01 UTC.

    Examples
    --------
    >>> describe_reused(0, 5_400_000_000)
    'databases as read 1970-01-01 00:00 UTC, 1.5 hours ago (shop.reuse_hours)'
    """
    hours = (now - read_at) / DAY * 24
    read = f"{to_datetime(read_at):%Y-%m-%d %H:%M}"
    return f"databases as read {read} UTC, {hours:.1f} hours ago (shop.reuse_hours)"
