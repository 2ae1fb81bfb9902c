"""Decisions about customers whose arm was drawn with a logged chance, and what came of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Indices
from features.errors import refuse


@dataclass(frozen=True)
class LoggedDecisions:
    """Decisions whose arm was drawn with a logged chance, with what came of each.

    Attributes
    ----------
    cluster : array (n,)
        The customer whose decision it was, or the group of customers who are drawn together.
    arm : int array (n,)
        Index of the arm that was drawn, 0..K-1.
    propensity : array (n,)
        Logged chance with which it was drawn, above 0 and at most 1.
    outcome : array (n,)
        What came of it, in the unit that policies are to be valued in.
    model : array (n, K)
        Expected outcome by arm, from a model that has not seen the row's cluster.

    Raises
    ------
    InputError
        No rows, columns of different lengths, an unknown arm, or an impossible propensity.
    """

    cluster: NDArray[np.generic]
    arm: Indices
    propensity: Floats
    outcome: Floats
    model: Floats

    def __post_init__(self) -> None:
        """Check the columns' lengths, the arms and the propensities."""
        rows, arms = self.model.shape
        lengths = {len(v) for v in (self.cluster, self.arm, self.propensity, self.outcome)}
        if rows == 0 or lengths != {rows} or not ((self.arm >= 0) & (self.arm < arms)).all():
            raise refuse(
                "decisions",
                f"one cluster, outcome and propensity per row, and an arm of 0 to {arms - 1}",
                f"a model of {rows} rows, columns of {sorted(lengths)}",
                "Give at least one decision, and every column row by row.",
            )
        if not ((self.propensity > 0) & (self.propensity <= 1)).all():
            raise refuse(
                "propensity",
                "the logged chance of the arm that was drawn, above 0 and at most 1",
                f"values from {self.propensity.min():g} to {self.propensity.max():g}",
                "Leave out decisions that were not drawn at random.",
            )

    def take(self, rows: Flags) -> "LoggedDecisions":
        """Return some of the decisions, at least one."""
        return LoggedDecisions(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def of_drawn(self, by_arm: Floats) -> Floats:
        """Return, for each decision, the value that belongs to the arm that was drawn.

        Parameters
        ----------
        by_arm : array (n, K)
            A value per decision and arm.

        Returns
        -------
        array (n,)
        """
        return np.asarray(by_arm[np.arange(len(self.arm)), self.arm])
