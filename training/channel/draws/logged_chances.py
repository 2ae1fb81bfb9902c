"""Holds the chances that a log states for drawn messages, and finds those that contradict others.

What contradicts itself is wrong without any test: a chance outside 0 to 1, chances of one decision
that do not add up to 1, and an arm that was sent with another chance than its decision lists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Indices
from features.errors import refuse

ROUNDING = 0.02  # a chance that is wrong by less than this share of it is taken for rounded
_SINGLE_ROWS = 0.01  # largest share of an arm's draws that may be wrong without doubt on the others


@dataclass(frozen=True)
class LoggedChances:
    """The chances that a log states for n messages and K arms.

    What counts as possible must be known without the draw: an arm does not become possible because
    it was sent. A row whose arm was not possible says nothing about that arm; it stays a row of
    the others.

    Attributes
    ----------
    arms : list of str (K)
        Names of the arms, `none` among them.
    arm : int array (n,)
        Index of the arm that was sent, 0..K-1.
    propensity : array (n,)
        Logged chance of the arm that was sent; NaN where nothing was drawn.
    possible : bool array (n, K)
        Arms that could have been drawn.
    listed : array (n, K)
        Chances of all arms where the decision lists them, NaN or 0 for arms that it could not
        draw; rows of NaN where it does not list them.
    cluster : array (n,)
        Id of the customer, or of the household where draws go by household. Clusters are
        independent of each other; nothing is assumed about the draws within one.

    Raises
    ------
    InputError
        Columns of different lengths, or an unknown arm.
    """

    arms: list[str]
    arm: Indices
    propensity: Floats
    possible: Flags
    listed: Floats
    cluster: NDArray[np.generic]

    def __post_init__(self) -> None:
        """Check the columns' lengths and the arms."""
        shape = len(self.arm), len(self.arms)
        shapes = {self.possible.shape, self.listed.shape}
        lengths = {len(self.propensity), len(self.cluster)}
        known = ((self.arm >= 0) & (self.arm < shape[1])).all()
        if shapes != {shape} or lengths != {shape[0]} or not known:
            raise refuse(
                "logged chances",
                f"{shape[0]} rows in every column, and an arm of 0 to {shape[1] - 1}",
                f"columns of {sorted(lengths)} rows, tables of {sorted(shapes)}",
                "Give every column row by row, and a column per arm.",
            )

    @property
    def drawn(self) -> Flags:
        """Rows (n,) whose arm was sent with a logged chance above 0 and at most 1."""
        return (self.propensity > 0) & (self.propensity <= 1)

    @property
    def lists_all(self) -> Flags:
        """Rows (n,) whose decision lists the chances of all arms."""
        return np.asarray(np.isfinite(self.listed).any(axis=1))

    @property
    def lists_impossible(self) -> Flags:
        """Rows (n,) whose decision lists a chance below 0 or above 1."""
        return np.asarray(((self.listed < 0) | (self.listed > 1)).any(axis=1))

    @property
    def sent_though_impossible(self) -> Flags:
        """Rows (n,) without listed chances whose arm could not have been drawn."""
        of_sent = self.possible[np.arange(len(self.arm)), self.arm]
        return self.drawn & ~self.lists_all & ~of_sent


@dataclass(frozen=True)
class PropensityFinding:
    """One thing that is wrong with the logged chances, with the rows that lose their trust.

    Attributes
    ----------
    arm : str or None
        The arm whose chances are wrong; None where all arms failed only together, or where single
        rows contradict themselves.
    what : str
        What is wrong, with the size of the error, as a sentence without its full stop.
    rows : int
        Number of rows that can no longer count as drawn.
    faulty : bool array (n,)
        These rows.
    expected, drawn : float or None
        Number of draws of the arm that its logged chances say, and number of those that came;
        None where single rows contradict themselves.
    standard_error : float or None
        Standard error of the ratio of the two, over clusters.
    p_value : float or None
        How likely so large an error is in any of the tests if all chances are right, at most.
    """

    arm: str | None
    what: str
    rows: int
    faulty: Flags = field(compare=False, repr=False)
    expected: float | None = None
    drawn: float | None = None
    standard_error: float | None = None
    p_value: float | None = None


def find_contradictions(logged: LoggedChances) -> list[PropensityFinding]:
    """Find rows whose logged chances cannot be right, whatever was drawn.

    Parameters
    ----------
    logged : LoggedChances
        The chances of n messages.

    Returns
    -------
    list of PropensityFinding
        One per kind of contradiction, with `arm` None; then one per arm that was sent with other
        chances than its decisions list, with `arm` None where that are single rows.
    """
    faults = [(w, int(rows.sum()), rows) for w, rows in _contradictions(logged) if rows.any()]
    return [
        *(
            PropensityFinding(None, f"{n:,} {what} ({_by_arm(logged, rows)})", n, rows)
            for what, n, rows in faults
        ),
        *_unlike_their_lists(logged),
    ]


def join_names(names: Sequence[str]) -> str:
    """Write names as in a sentence.

    >>> join_names(["email", "none", "sms"])
    'email, none and sms'
    """
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def _contradictions(logged: LoggedChances) -> Iterator[tuple[str, Flags]]:
    """Yield each kind of contradiction in words, with its rows."""
    given, lists_all = ~np.isnan(logged.propensity), logged.lists_all
    yield "rows were sent with a logged chance of 0 or less, or above 1", given & ~logged.drawn
    outside = logged.lists_impossible
    yield "decisions list a chance below 0 or above 1", outside
    chances = np.nan_to_num(logged.listed)
    sums = chances.sum(axis=1)
    uneven = lists_all & ~outside & (abs(sums - 1) > ROUNDING)
    mean = f"{sums[uneven].mean():.2f}" if uneven.any() else ""
    yield f"decisions list chances that add up to {mean} on average, not to 1", uneven
    yield (
        "rows were drawn though their arm was not possible by what was known of the customer",
        logged.sent_though_impossible,
    )


def _unlike_their_lists(logged: LoggedChances) -> Iterator[PropensityFinding]:
    """Yield by arm the draws that were logged with another chance than their decisions list."""
    of_sent = np.nan_to_num(logged.listed)[np.arange(len(logged.arm)), logged.arm]
    of_list = logged.lists_all & logged.drawn
    differs = of_list & (abs(logged.propensity - of_sent) > ROUNDING * of_sent)
    for arm in np.unique(logged.arm[differs]):
        draws = of_list & (logged.arm == arm)
        rows = draws & differs
        failed = rows.sum() > _SINGLE_ROWS * draws.sum()
        faulty = draws if failed else rows
        what = (
            f"{logged.arms[arm]}: the logged chance of {int(rows.sum()):,} draws is "
            f"{logged.propensity[rows].mean():.3g} on average, and {of_sent[rows].mean():.3g} in "
            "the list of their decisions"
        )
        yield PropensityFinding(
            logged.arms[arm] if failed else None, what, int(faulty.sum()), faulty
        )


def _by_arm(logged: LoggedChances, rows: Flags) -> str:
    """Write how many of some rows were sent by each arm."""
    counts = np.bincount(logged.arm[rows], minlength=len(logged.arms))
    return ", ".join(f"{name} {n:,}" for name, n in zip(logged.arms, counts, strict=True) if n)
