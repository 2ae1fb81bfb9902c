"""The interface of a hyper-parameter search, independent of the library that runs it."""

from typing import Protocol


class Trial(Protocol):
    """One trial of a search, which proposes hyper-parameters; Optuna's trials match it.

    A hyper-parameter is named like the field of the settings that it fills, so that the default
    settings are one point of the search space.
    """

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Propose a whole number from `low` to `high`, both included."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Propose a number from `low` to `high`, both included."""
        ...
