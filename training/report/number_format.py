"""Figures as a reader meets them: shares with their sign, differences with theirs."""

_SPACE, _MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


def as_percent(share: float, decimals: int = 1) -> str:
    """Write a share in percent; one that is not 0 is not shown as 0.

    >>> [as_percent(share).replace("\\N{NO-BREAK SPACE}", " ") for share in (0.123, 0.0, 0.0001)]
    ['12.3 %', '0.0 %', '< 0.1 %']
    """
    least = 10.0**-decimals
    if 0 < 100 * share < least / 2:
        return f"<{_SPACE}{least:.{decimals}f}{_SPACE}%"
    return f"{100 * share:.{decimals}f}{_SPACE}%"


def as_signed(value: float) -> str:
    """Write a difference with its sign.

    >>> [as_signed(value) for value in (1.26, 0.0)], len(as_signed(-1.26))
    (['+1.3', '+0.0'], 4)
    """
    return f"{value:+.1f}".replace("-", _MINUS)
