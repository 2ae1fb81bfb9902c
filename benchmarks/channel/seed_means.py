"""Turns the figures of several seeds into rows: the mean, its standard error, and the goal."""

from collections.abc import Sequence

import msgspec
import numpy as np

from benchmarks.rows import Row

MEAN_AND_ERROR = "mean -/+ SE"


class SeedMean(msgspec.Struct, frozen=True):
    """The mean of a figure over seeds.

    Attributes
    ----------
    mean, error : float
        The mean, and its standard error; NaN for one seed.
    seeds : int
        Number of seeds.
    """

    mean: float
    error: float
    seeds: int

    @classmethod
    def of(cls, figures: Sequence[float]) -> "SeedMean":
        """Compute the mean of one figure for each seed."""
        values = np.asarray(figures, dtype=float)
        n = len(values)
        error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
        return cls(float(values.mean()), error, n)

    def row(self, figure: str, goal: str = "", met: bool | None = None) -> Row:
        """Make the row: the mean, less and plus its standard error where it has one."""
        low, high = (
            None if np.isnan(self.error) else self.mean + sign * self.error for sign in (-1, 1)
        )
        name = f"{figure}; {MEAN_AND_ERROR} of {self.seeds}"
        return Row(name, self.mean, low, high, goal, met if goal else None)


def row_within(figure: str, figures: Sequence[float], bound: float, largest_error: float) -> Row:
    """Make the row of a figure that is to be near 0, as far as its standard error can tell.

    Parameters
    ----------
    figure : str
        Name of the figure, with its unit.
    figures : sequence of float
        One for each seed.
    bound : float
        Largest absolute mean, to which two standard errors are added.
    largest_error : float
        Largest standard error with which the goal counts as met.
    """
    mean = SeedMean.of(figures)
    near = abs(mean.mean) <= bound + 2 * mean.error
    goal = f"within {bound:g} + 2 SE, SE <= {largest_error:g}"
    return mean.row(figure, goal, near and mean.error <= largest_error)


def row_between(
    figure: str, figures: Sequence[float], least: float | None = None, most: float | None = None
) -> Row:
    """Make the row of a figure whose mean is to be within bounds; without any it has no goal.

    Parameters
    ----------
    figure : str
        Name of the figure, with its unit.
    figures : sequence of float
        One for each seed.
    least, most : float or None
        Bounds of the mean; None where there is none.
    """
    mean = SeedMean.of(figures)
    met = (least is None or mean.mean >= least) and (most is None or mean.mean <= most)
    return mean.row(figure, goal_between(least, most), met)


def row_of_worst(figure: str, worst: float, least: float | None = None) -> Row:
    """Make the row of the worst seed's figure, which is to reach a bound if there is one."""
    met = None if least is None else worst >= least
    return Row(f"{figure}; worst seed", worst, goal=goal_between(least, None), met=met)


def goal_between(least: float | None, most: float | None) -> str:
    """Write bounds as a goal.

    >>> goal_between(0.85, 0.95), goal_between(None, 0.07), goal_between(5, None)
    ('0.85 to 0.95', '<= 0.07', '>= 5')
    """
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    bounds = (("", None), (">= ", least), ("<= ", most))
    return next((f"{sign}{bound:g}" for sign, bound in bounds if bound is not None), "")
