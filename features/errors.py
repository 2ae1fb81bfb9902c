"""The errors that a user is meant to read: each names what is wrong and what to do about it."""

from dataclasses import dataclass

from features.setting_line import SettingLine


class NextbuyError(Exception):
    """An error that the user can put right; its text can be shown to the user as it is."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input, said in three parts: expected, got, remedy.

    Attributes
    ----------
    where : str
        What is wrong: a column of a table (`orders.amount`), a setting or an argument.
    expected, got : str
        What the contract asks for, and what the input has instead.
    remedy : str
        What the user can do about it, as a sentence.
    count, rows : int or None
        Number of rows with the fault, and number of rows of the table; None where the fault is
        not one of rows.
    examples : tuple of str
        Some of the faulty rows or ids, as they are shown to the user.
    lines : tuple of SettingLine
        Lines of nextbuy.toml of which each would put it right; the remedy names them too.
    """

    where: str
    expected: str
    got: str
    remedy: str
    count: int | None = None
    rows: int | None = None
    examples: tuple[str, ...] = ()
    lines: tuple[SettingLine, ...] = ()

    def __str__(self) -> str:
        """Write the fault as one line: `where: expected X, got Y. Remedy`."""
        return f"{self.where}: expected {self.expected}, got {self.got}. {self.remedy}"


class InputError(NextbuyError):
    """An error about an input that breaks its contract, with all faults of the input at once.

    Attributes
    ----------
    faults : list of Fault
        All faults, in the order in which the text of the error names them, one a line.

    Examples
    --------
    >>> print(InputError([Fault("orders.amount", "money of 0 or more", "-3", "Move refunds.")]))
    orders.amount: expected money of 0 or more, got -3. Move refunds.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def refuse(where: str, expected: str, got: str, remedy: str) -> InputError:
    """Return the error about a single fault, for the caller to raise.

    Parameters
    ----------
    where, expected, got, remedy : str
        The parts of the fault, as in `Fault`.

    Returns
    -------
    InputError
        An error with this one fault.
    """
    return InputError([Fault(where, expected, got, remedy)])
