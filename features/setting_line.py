"""Holds a line of `nextbuy.toml` that is proposed: to read a column, to leave rows out."""

import msgspec


class SettingLine(msgspec.Struct, frozen=True):
    """A line that could be added to a section of `nextbuy.toml`.

    Attributes
    ----------
    section : str
        The section, such as `tables.orders`.
    line : str
        The line, in TOML.

    Examples
    --------
    >>> print(SettingLine("customers", 'fold = "case"'))
    [customers] fold = "case"
    """

    section: str
    line: str

    def __str__(self) -> str:
        """Write the line behind its section."""
        return f"[{self.section}] {self.line}"
