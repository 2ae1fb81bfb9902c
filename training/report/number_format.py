"""Formats figures of the report: shares in percent, differences with their sign."""

_SPACE, _MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


def as_percent(share: float, decimals: int = 1) -> str:
    r"""Format a share in percent; a share above 0 is never shown as 0.

    Parameters
    ----------
    share : float
        0..1.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        With a no-break space before the sign.

    Examples
    --------
    >>> [as_percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0.123, 0.0, 0.0001)]
    ['12.3 %', '0.0 %', '< 0.1 %']
    """
    least = 10.0**-decimals
    if 0 < 100 * share < least / 2:
        return f"<{_SPACE}{least:.{decimals}f}{_SPACE}%"
    return f"{100 * share:.{decimals}f}{_SPACE}%"


def as_signed(value: float) -> str:
    """Format a difference with its sign and one decimal.

    Parameters
    ----------
    value : float
        In any unit.

    Returns
    -------
    str
        With a minus sign, not a hyphen, and the sign of infinity in place of `inf`.

    Examples
    --------
    >>> [as_signed(value) for value in (1.26, 0.0, float("inf"))], len(as_signed(-1.26))
    (['+1.3', '+0.0', '+∞'], 4)
    """
    return f"{value:+.1f}".replace("-", _MINUS).replace("inf", "∞")
