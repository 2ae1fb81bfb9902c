"""Arms: the channels of a shop, and no message."""

from collections.abc import Iterable

NO_MESSAGE = "none"


def arms_with_none(channels: Iterable[str]) -> list[str]:
    """Give the arms that a customer may be recommended: sorted channels, `none` always among them.

    >>> arms_with_none(["sms", "email"])
    ['email', 'none', 'sms']
    """
    return sorted({*channels, NO_MESSAGE})
