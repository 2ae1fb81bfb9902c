"""The arms between which a recommendation chooses: the channels of a shop, and no message."""

from collections.abc import Iterable

NO_MESSAGE = "none"  # the arm that sends nothing


def arms_with_none(channels: Iterable[str]) -> list[str]:
    """Return the arms that may be recommended: the channels and `none`, sorted by name.

    >>> arms_with_none(["sms", "email"])
    ['email', 'none', 'sms']
    """
    return sorted({*channels, NO_MESSAGE})
