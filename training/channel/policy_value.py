"""Estimates what a contact policy would have brought, from decisions drawn at random.

A policy gives each decision a chance per arm. Its value is the mean outcome had it drawn. Three
estimators stand side by side, since each fails where the others may not:

- **DR**, doubly robust (Dudik, Langford & Li 2011): a model of the outcome, corrected by the
  weighted errors of the arms that were drawn. The model must not have seen the row (cross-fitting,
  Chernozhukov et al. 2018).
- **SNIPS**, self-normalised weighting (Swaminathan & Joachims 2015): no model at all.
- **DRos**, DR with optimistic shrinkage (Su, Dimakopoulou, Krishnamurthy & Dudik 2020): large
  weights are reduced, which trades variance for bias. Its interval is as wide as DR's, because the
  bias that was accepted is known no better than the variance that it replaced.

A row's weight is 0 where the policy would have sent what was not drawn. The mean weight therefore
estimates the share of a policy's decisions that rests on draws: what it would have sent to those
who could not draw it is known from no draw, and only the model of DR says anything of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats
from features.errors import refuse
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate, estimate_together

# With a smaller share of a policy's decisions resting on draws, nothing is known of it: most of its
# value would be the model's word, or (SNIPS) that of customers who are not those decided on.
LEAST_DRAWN_SHARE = 0.5
# Candidates for lambda of DRos; the largest hardly changes the weights.
_SHRINKAGES = np.geomspace(1.0, 1e6, 25)
_NOT_KNOWN = Estimate(float("nan"), float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class PolicyValue:
    """The value of one policy by three estimators, and how much of the log it rests on.

    Attributes
    ----------
    dr, snips, dros : Estimate
        Mean outcome per decision, doubly robust, self-normalised, and shrunken.
    effective : float
        Effective number of decisions: (sum of weights)^2 / sum of squared weights.
    largest_share : float
        Share of the largest weight in the sum of all weights, 0..1; NaN where all weights are 0.
    drawn_share : float
        Estimated share of the policy's decisions that rests on draws, 0..1. Below
        `LEAST_DRAWN_SHARE` the policy's value is not known, and the three estimates are NaN.
    """

    dr: Estimate
    snips: Estimate
    dros: Estimate
    effective: float
    largest_share: float
    drawn_share: float

    @property
    def known(self) -> bool:
        """Whether enough of the policy's decisions rest on draws to say anything of its value."""
        return self.drawn_share >= LEAST_DRAWN_SHARE


def policy_values(
    decisions: LoggedDecisions, policies: Mapping[str, Floats], *, seed: int = 0
) -> dict[str, PolicyValue]:
    """Estimate the value of several policies from the same logged decisions.

    Parameters
    ----------
    decisions : LoggedDecisions
        n decisions among K arms.
    policies : dict of str to array (n, K)
        By policy, the chance that it gives each arm; rows sum to 1, an arm that is not eligible
        has 0.
    seed : int
        Seed of the draws behind the simultaneous intervals.

    Returns
    -------
    dict of str to PolicyValue
        By policy; the intervals of one estimator hold for all known policies at once. A policy
        that is not known changes nothing in the others.

    Raises
    ------
    InputError
        A policy's chances have another shape, or do not sum to 1.
    """
    weights = _weights(decisions, policies)
    drawn = {name: _drawn_share(decisions, policies[name], weights[name]) for name in policies}
    known = [name for name in policies if drawn[name] >= LEAST_DRAWN_SHARE]
    shares = [_influences(decisions, policies[name], weights[name]) for name in known]
    estimates = [
        estimate_together([share[k] for share in shares], decisions.cluster, seed) for k in range(3)
    ]
    by_policy = dict(zip(known, zip(*estimates, strict=True), strict=True))
    values = {}
    for name in policies:
        dr, snips, dros = by_policy.get(name, (_NOT_KNOWN, _NOT_KNOWN, _NOT_KNOWN))
        effective, largest_share = _weight_spread(weights[name])
        values[name] = PolicyValue(dr, snips, dros, effective, largest_share, drawn[name])
    return values


def gains(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    against: str,
    *,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Estimate by DR how much more each policy would have brought than a reference policy.

    Both are estimated from the same rows, so that what they share cancels out.

    Parameters
    ----------
    decisions : LoggedDecisions
        n decisions among K arms.
    policies : dict of str to array (n, K)
        By policy, the chance that it gives each arm; rows sum to 1.
    against : str
        Name of the reference policy, one of `policies`.
    seed : int
        Seed of the draws behind the simultaneous intervals.

    Returns
    -------
    dict of str to Estimate
        By each other policy: the difference of mean outcomes per decision. NaN where the policy
        or the reference is not known (see `PolicyValue.drawn_share`); such a policy changes
        nothing in the others.

    Raises
    ------
    InputError
        `against` is not among the policies, or a policy's chances are wrong.
    """
    if against not in policies:
        raise refuse("against", "one of " + ", ".join(policies), against, "Name a policy given.")
    weights = _weights(decisions, policies)
    robust = {
        name: _doubly_robust(decisions, chances, weights[name])
        for name, chances in policies.items()
        if _drawn_share(decisions, chances, weights[name]) >= LEAST_DRAWN_SHARE
    }
    others = [name for name in robust if name != against and against in robust]
    differences = [robust[name] - robust[against] for name in others]
    known = dict(zip(others, estimate_together(differences, decisions.cluster, seed), strict=True))
    return {name: known.get(name, _NOT_KNOWN) for name in policies if name != against}


def count_sends_needed(p: float, relative_effect: float) -> int:
    """Count the sends per arm that a test of two arms needs, at 80 % power and 5 % error.

    The normal approximation n = 15.7 p (1 - p) / (p effect)^2, with 15.7 = 2 (1.96 + .84)^2.

    Parameters
    ----------
    p : float
        Conversion rate of the weaker arm, 0..1.
    relative_effect : float
        Smallest relative difference that the test must show; .1 is 10 % of `p`.

    Returns
    -------
    int
        Sends of each arm.

    Examples
    --------
    >>> count_sends_needed(0.02, 0.10)
    76930
    """
    return int(np.ceil(15.7 * p * (1 - p) / (p * relative_effect) ** 2))


def _weights(decisions: LoggedDecisions, policies: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return each policy's weights: its chance of the drawn arm over the logged chance."""
    for name, chances in policies.items():
        _check_policy(name, chances, decisions)
    return {
        name: decisions.of_drawn(chances) / decisions.propensity
        for name, chances in policies.items()
    }


def _drawn_share(decisions: LoggedDecisions, chances: Floats, weight: Floats) -> float:
    """Estimate the share of a policy's decisions that rests on draws.

    The mean weight says it without bias, whichever arms each row could have drawn: an arm's chance
    counts with 1 / propensity as often as it is drawn. The share that goes to arms which nobody
    drew is known exactly, so that it bounds the estimate.
    """
    ever_drawn = np.unique(decisions.arm)
    return min(float(weight.mean()), float(chances[:, ever_drawn].sum(axis=1).mean()))


def _influences(
    decisions: LoggedDecisions, chances: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return each row's share of the DR, SNIPS and DRos estimate; their mean is the estimate."""
    snips = float(weight @ decisions.outcome / weight.sum())
    robust = _doubly_robust(decisions, chances, weight)
    return (
        robust,
        snips + weight * (decisions.outcome - snips) / weight.mean(),
        robust - robust.mean() + _shrunk(decisions, chances, weight).mean(),
    )


def _doubly_robust(decisions: LoggedDecisions, chances: Floats, weight: Floats) -> Floats:
    missed = decisions.outcome - decisions.of_drawn(decisions.model)
    return np.asarray((chances * decisions.model).sum(axis=1) + weight * missed)


def _shrunk(decisions: LoggedDecisions, chances: Floats, weight: Floats) -> Floats:
    """Shrink the weights by the lambda with the least estimated error (Su et al., section 4.2).

    The square of the bias is bounded by that of its estimate, the mean of what the shrinkage
    takes off each row's correction.
    """
    missed = decisions.outcome - decisions.of_drawn(decisions.model)
    errors, candidates = [], []
    for shrinkage in _SHRINKAGES:
        smaller = shrinkage * weight / (weight**2 + shrinkage)
        values = _doubly_robust(decisions, chances, smaller)
        bias = float(np.mean((smaller - weight) * missed))
        errors.append(bias**2 + values.var() / len(values))
        candidates.append(values)
    return candidates[int(np.argmin(errors))]


def _weight_spread(weight: Floats) -> tuple[float, float]:
    """Return the effective sample size of weights, and the largest weight's share."""
    total = float(weight.sum())
    if total == 0:
        return 0.0, float("nan")
    return total**2 / float(weight @ weight), float(weight.max()) / total


def _check_policy(name: str, chances: Floats, decisions: LoggedDecisions) -> None:
    shape = decisions.model.shape
    if chances.shape != shape or not np.allclose(chances.sum(axis=1), 1.0):
        raise refuse(
            f"policies.{name}",
            f"chances of shape {shape} whose rows sum to 1",
            f"shape {chances.shape}, sums from {chances.sum(axis=1).min():g} to "
            f"{chances.sum(axis=1).max():g}",
            "Give every decision a chance for each arm, 0 for those that are not eligible.",
        )
