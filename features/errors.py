"""The one error a user sees: every fault of an input, each with what to do about it."""

from dataclasses import dataclass


class NextbuyError(Exception):
    """Something the caller can put right; its text is fit to be shown as it is."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes
    ----------
    where : str
        The place: a table and column (`orders.amount`), a setting, an argument.
    expected, got : str
        What the contract asks for, and what came instead.
    remedy : str
        What to do about it.
    count, rows : int or None
        How many rows break it, of how many; None where it is not a matter of rows.
    examples : tuple of str
        Some of the rows, or the ids in question.
    """

    where: str
    expected: str
    got: str
    remedy: str
    count: int | None = None
    rows: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}. {self.remedy}"


class InputError(NextbuyError):
    """An input breaks its contract; carries all the faults found, not only the first.

    >>> print(InputError([Fault("orders.amount", "money of 0 or more", "-3", "Move refunds.")]))
    orders.amount: expected money of 0 or more, got -3. Move refunds.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def refuse(where: str, expected: str, got: str, remedy: str) -> InputError:
    """Make the error of a single fault, ready to raise."""
    return InputError([Fault(where, expected, got, remedy)])
