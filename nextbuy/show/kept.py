"""Says in a sentence what is kept of a shop's tables for the next command."""

from collections.abc import Sequence

_MINUTE = 60_000_000  # microseconds
_AGES = ((1440 * _MINUTE, "days"), (60 * _MINUTE, "hours"), (_MINUTE, "minutes"))


def describe_kept(
    kept: Sequence[tuple[str, int, int]], now: int, what: str = "kept for the next command"
) -> str:
    """Describe the copies of a shop's tables.

    Parameters
    ----------
    kept : sequence of (str, int, int)
        From `features.log.kept_tables.list_kept`.
    now : int
        Microseconds since 1970-01-01 UTC.
    what : str
        What happened to them.

    Examples
    --------
    >>> describe_kept([("orders", 3_100_000, 0), ("events", 900_000, 60_000_000)], 200_000_000)
    'kept for the next command: orders, events (4.0 MB, read 3 minutes ago)'
    >>> describe_kept([], 0, "removed")
    'removed: nothing'
    """
    if not kept:
        return f"{what}: nothing"
    names = ", ".join(table for table, _, _ in kept)
    size, read_at = sum(size for _, size, _ in kept), min(at for _, _, at in kept)
    return f"{what}: {names} ({size / 1e6:.1f} MB, read {_age(now - read_at)})"


def _age(age: int) -> str:
    for unit, name in _AGES:
        if age >= unit:
            count = age // unit
            return f"{count} {name if count > 1 else name[:-1]} ago"
    return "just now"
