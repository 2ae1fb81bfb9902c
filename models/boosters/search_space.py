"""What a search space draws from: a trial of some search, whichever library runs it."""

from typing import Protocol


class Trial(Protocol):
    """Proposes hyper-parameters; Optuna's trials are such.

    A search space names each one as the field of the settings that it fills, so that the
    default settings are a point of the space.
    """

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Propose a whole number from `low` to `high`, both included."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Propose a number from `low` to `high`."""
        ...
