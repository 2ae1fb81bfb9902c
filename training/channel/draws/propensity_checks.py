"""Tests whether the chances that a log states are those with which its messages were drawn.

Where the chances are right, the draws of an arm, each counted as 1 / propensity, add up to the
number of drawn decisions in which the arm was possible. Where a decision lists the chances of all
arms, an arm is drawn as often as its listed chances add up to. Both are tested by arm and by the
set of arms that were possible: the first also for all arms together, the second also by fifth of
the arm's listed chance.

A draw of chance .02 counts 50 times, so that a t statistic of a sparse arm is skewed and calls
right logs wrong. Each test is a bet in place of it (Waudby-Smith & Ramdas 2024, "Estimating means
of bounded random variables by betting"): a fortune of 1 is staked, cluster by cluster, on draws
being too many or too few. If the chances are right it grows to x with a probability of at most
1 / x, in a log of any size and with any dependence within a cluster, since a cluster is one stake.
Stakes of several sizes are averaged. Holm's procedure holds over all tests; half of the level is
for the tests by arm, half for their parts.

Two things are assumed. Clusters are independent. Where chances are not listed, none is smaller
than the smallest that the log states: an arm whose chance was tiny in many decisions, and that was
drawn in none of them, looks like an arm that was drawn too seldom.

What no such test can find:

- chances exchanged among decisions of the same arm and the same possible set (without a list), or
  of the same fifth (with one): their sums stay what they were;
- chances of an arm that was never drawn, where they are not listed;
- an error of less than 2 %, or of less than some five standard errors; any error in a log of a
  few clusters;
- draws that were right and depend on something that outcomes depend on as well. A chance can be
  right as a share and still not have been drawn by lot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Flags, Floats, Indices
from training.channel.draws.logged_chances import (
    ROUNDING,
    LoggedChances,
    PropensityFinding,
    find_contradictions,
    join_names,
)

_LEAST_ROWS = 200  # of a possible set that is tested by itself
_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_LARGEST_STAKE = 0.9  # of the fortune, in the cluster that can lose most
_STAKES = 14  # each half as large as the one before
# Stakes are sized for all clusters but the largest of these; a giant one is scaled down to them.
_SIZED_FOR = 0.995


@dataclass(frozen=True)
class _Draws:
    """The draws of one arm in some decisions (m rows), against the chances logged for it.

    Attributes
    ----------
    arm : int or None
        Index of the arm; None for all arms together.
    where : str
        Which decisions, as the end of a sentence; empty for all in which the arm was possible.
    rows : int array (m,)
        Indices of the decisions.
    weight : array (m,)
        What a draw of the arm counted: 1, or 1 / propensity where chances are not listed. 0 where
        another arm was drawn.
    expected : array (m,)
        Expected weight if the chances are right: the listed chance, or 1, or the number of
        possible arms where all arms stand together.
    most : float
        Largest weight that could have come.
    listed : bool
        The decisions list the chances of all arms.
    """

    arm: int | None
    where: str
    rows: Indices
    weight: Floats
    expected: Floats
    most: float
    listed: bool

    def part(self, where: str, chosen: Flags) -> "_Draws":
        """Return the draws of some of the decisions."""
        return replace(
            self,
            where=where,
            rows=self.rows[chosen],
            weight=self.weight[chosen],
            expected=self.expected[chosen],
        )


def check_propensities(logged: LoggedChances, level: float = 0.01) -> list[PropensityFinding]:
    """Test the logged chances of a log, by arm and by what was possible.

    Rows without a propensity are left out, and rows with a propensity of 1 and no listed chances
    too: there nothing was drawn.

    Parameters
    ----------
    logged : LoggedChances
        The chances of n messages and K arms.
    level : float
        Largest probability that a log of right chances has any finding of a test, 0..1.

    Returns
    -------
    list of PropensityFinding
        Rows that contradict themselves, by kind; then the arms that failed, one finding each: that
        over all decisions if it failed there, else that of the part that failed most clearly. If
        no arm failed by itself, there may be one of all arms together.
    """
    codes = np.unique(logged.cluster, return_inverse=True)[1].astype(np.intp)
    failed: dict[int | None, tuple[_Draws, float]] = {}
    by_arm = list(_draws_by_arm(logged))
    for tests in (by_arm, [part for draws in by_arm for part in _parts(logged, draws)]):
        p_values = _holm(np.array([_p_value(draws, codes) for draws in tests]))
        for index in np.argsort(p_values, kind="stable"):
            if p_values[index] <= level / 2:
                arm = tests[index].arm
                failed.setdefault(arm, (tests[index], 2 * float(p_values[index])))
    named = sorted(arm for arm in failed if arm is not None)
    tested = [_finding(logged, *failed[arm], codes) for arm in named or failed]
    return find_contradictions(logged) + tested


def untrusted_arms(findings: Sequence[PropensityFinding]) -> set[str]:
    """Return the arms whose logged chances failed a test.

    Parameters
    ----------
    findings : sequence of PropensityFinding
        What `check_propensities` found.
    """
    return {finding.arm for finding in findings if finding.arm is not None}


def untrusted_rows(findings: Sequence[PropensityFinding], rows: int) -> Flags:
    """Return the rows that no longer count as drawn: of failing arms, or contradictory themselves.

    Parameters
    ----------
    findings : sequence of PropensityFinding
        What `check_propensities` found.
    rows : int
        Number n of rows of the log.

    Returns
    -------
    bool array (n,)
    """
    untrusted = np.zeros(rows, dtype=bool)
    for finding in findings:
        untrusted |= finding.faulty
    return untrusted


def _draws_by_arm(logged: LoggedChances) -> Iterator[_Draws]:
    """Yield the draws of each arm over all decisions, with and without listed chances apart."""
    yield from _draws_by_list(logged)
    alone = logged.drawn & ~logged.lists_all & (logged.propensity < 1)
    if not alone.any():
        return
    most = float(1 / logged.propensity[alone].min())
    count = logged.possible.sum(axis=1)
    for arm in (None, *range(len(logged.arms))):
        could = count > 0 if arm is None else logged.possible[:, arm]
        rows = np.flatnonzero(alone & could)
        sent = ~logged.sent_though_impossible if arm is None else logged.arm == arm
        weight = sent[rows] / logged.propensity[rows]
        expected = count[rows].astype(float) if arm is None else np.ones(len(rows))
        if weight.any():
            yield _Draws(arm, "", rows, weight, expected, max(most, expected.max()), listed=False)


def _draws_by_list(logged: LoggedChances) -> Iterator[_Draws]:
    """Yield the draws of each arm over all decisions that list the chances of all arms."""
    by_list = logged.drawn & logged.lists_all & ~logged.lists_impossible
    chances = np.nan_to_num(logged.listed)
    for arm in range(len(logged.arms)):
        rows = np.flatnonzero(by_list & (chances[:, arm] > 0))
        sent = (logged.arm[rows] == arm).astype(float)
        if len(rows):
            yield _Draws(arm, "", rows, sent, chances[rows, arm], 1.0, listed=True)


def _parts(logged: LoggedChances, draws: _Draws) -> Iterator[_Draws]:
    """Yield an arm's draws by possible set, and by fifth of its chance where chances are listed.

    Where they are not listed, a part without any draw of the arm states no chance of it.
    """
    yield from (p for p in _parts_by_set(logged, draws) if draws.listed or p.weight.any())
    if draws.listed:
        yield from _parts_by_chance(draws)


def _parts_by_set(logged: LoggedChances, draws: _Draws) -> Iterator[_Draws]:
    """Yield an arm's draws by the set of arms that were possible, small sets together."""
    could = (logged.listed > 0 if draws.listed else logged.possible)[draws.rows]
    number = could @ 2.0 ** np.arange(len(logged.arms))  # one number for each set
    _, first, code, counts = np.unique(
        number, return_index=True, return_inverse=True, return_counts=True
    )
    if len(counts) < 2:
        return
    for index in np.flatnonzero(counts >= _LEAST_ROWS):
        names = [logged.arms[arm] for arm in np.flatnonzero(could[first[index]])]
        yield draws.part(f" in decisions between {join_names(names)}", code == index)
    if (rest := counts[code] < _LEAST_ROWS).any():
        yield draws.part(" in decisions between sets of arms that are rare", rest)


def _parts_by_chance(draws: _Draws) -> Iterator[_Draws]:
    """Yield an arm's draws by fifth of its listed chance; fifths of one chance are one."""
    edges = np.unique(np.quantile(draws.expected, _FIFTHS))
    fifth = np.searchsorted(edges, draws.expected, side="left")
    values = np.unique(fifth)
    for value in values if len(values) > 1 else ():
        inside = draws.expected[fifth == value]
        where = f" where its listed chance is {inside.min():.3g} to {inside.max():.3g}"
        yield draws.part(where, fifth == value)


def _p_value(draws: _Draws, codes: Indices) -> float:
    """Bound how likely so large an error is if the chances are right up to rounding."""
    cluster = codes[draws.rows]
    least, most = (1 - ROUNDING) * draws.expected, (1 + ROUNDING) * draws.expected
    too_many = _log_fortune(draws.weight - most, most, cluster)
    too_few = _log_fortune(least - draws.weight, draws.most - least, cluster)
    return float(np.exp(min(0.0, np.log(2) - np.logaddexp(too_many, too_few))))


def _log_fortune(gain: Floats, most_lost: Floats, cluster: Indices) -> float:
    """Return the log of what a stake of 1 has become, averaged over stakes of several sizes.

    Parameters
    ----------
    gain : array (m,)
        What each row wins or loses by the unit of stake; its expectation is 0 or less.
    most_lost : array (m,)
        The most that the row could have lost, 0 or more; more than 0 in at least one row.
    cluster : int array (m,)
        Number of each row's cluster.
    """
    gains, losses = np.bincount(cluster, gain), np.bincount(cluster, most_lost)
    gains, losses = gains[losses > 0], losses[losses > 0]
    sized_for = float(np.quantile(losses, _SIZED_FOR, method="higher"))
    scaled = gains * (sized_for / np.maximum(losses, sized_for))
    stakes = _LARGEST_STAKE / sized_for * 0.5 ** np.arange(_STAKES)
    logs = np.array([np.log1p(stake * scaled).sum() for stake in stakes])
    return float(np.logaddexp.reduce(logs) - np.log(_STAKES))


def _holm(p_values: Floats) -> Floats:
    """Adjust p values for their number by Holm's procedure, in the order given."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(factors * p_values[order])
    return np.minimum(adjusted, 1.0)


def _finding(
    logged: LoggedChances, draws: _Draws, p_value: float, codes: Indices
) -> PropensityFinding:
    """Say how many draws of an arm its chances say, and how many came."""
    name = "all arms together" if draws.arm is None else logged.arms[draws.arm]
    came = int((draws.weight > 0).sum())
    ratio = draws.weight.sum() / draws.expected.sum()
    said = came / ratio if came else draws.expected.sum()
    of_arm = ~logged.lists_all if draws.arm is None else logged.arm == draws.arm
    faulty = logged.drawn & of_arm
    surplus = np.bincount(codes[draws.rows], draws.weight - draws.expected)
    return PropensityFinding(
        None if draws.arm is None else name,
        f"{name}: the logged chances say {said:,.0f} draws where {came:,} came{draws.where}",
        int(faulty.sum()),
        faulty,
        expected=float(said),
        drawn=float(came),
        standard_error=float(np.sqrt((surplus**2).sum()) / draws.expected.sum()),
        p_value=p_value,
    )
