"""Reads the instants that a request names: as-of, and the instant of sending."""

import time
from zoneinfo import ZoneInfo

from features.errors import InputError, refuse
from features.windows import DAY, read_cutoff
from serving.schemas.answer_schemas import MAX_DAYS_AHEAD


def read_as_of(text: str | None, timezone: ZoneInfo) -> int:
    """Read the instant that a request is about.

    Parameters
    ----------
    text : str or None
        An instant or a date in ISO 8601, read like a cutoff in the shop's time zone; None
        means now.
    timezone : ZoneInfo
        The shop's zone.

    Returns
    -------
    int
        Microseconds since 1970 (UTC).

    Raises
    ------
    InputError
        The text is no instant, or the instant lies in the future.
    """
    now = time.time_ns() // 1000
    as_of = now if text is None else read_cutoff(text, timezone, "as_of")
    if as_of > now:
        raise refuse(
            "as_of",
            "an instant not after now",
            f"'{text}'",
            "Leave it out for now.",
        )
    return as_of


def read_send_at(text: str | None, as_of: int, timezone: ZoneInfo) -> int | None:
    """Read the instant at which a message would be sent.

    Parameters
    ----------
    text : str or None
        An instant in ISO 8601, with a time of day; without a zone it is read in the shop's.
    as_of : int
        The instant that the request is about, in microseconds since 1970 (UTC).
    timezone : ZoneInfo
        The shop's zone.

    Returns
    -------
    int or None
        Microseconds since 1970 (UTC); None where the request names no instant.

    Raises
    ------
    InputError
        The text is no instant, or one before `as_of` or more than `MAX_DAYS_AHEAD` days after it.
    """
    if text is None:
        return None
    send_at = _read_instant(text, timezone)
    if send_at is None or not as_of <= send_at <= as_of + MAX_DAYS_AHEAD * DAY:
        raise refuse(
            "send_at",
            f"a date and time from as_of on, at most {MAX_DAYS_AHEAD} days after it "
            "(2025-06-30T12:00:00Z)",
            f"'{text}'",
            "Leave it out for the first instant outside quiet hours.",
        )
    return send_at


def _read_instant(text: str, timezone: ZoneInfo) -> int | None:
    """Read an instant; None where the text is no date with a time of day."""
    if ":" not in text:
        return None
    try:
        return read_cutoff(text, timezone)
    except InputError:
        return None
