"""What a policy would have brought: estimated from decisions that were drawn at random.

A policy gives each decision a chance per arm. Its value is the mean outcome had it drawn. Three
estimators stand side by side, since each fails where the others may not:

- **DR**, doubly robust (Dudik, Langford & Li 2011): a model of the outcome, corrected by the
  weighted errors of the arms that were drawn. The model must not have seen the row (cross-fitting,
  Chernozhukov et al. 2018).
- **SNIPS**, self-normalised weighting (Swaminathan & Joachims 2015): no model at all.
- **DRos**, DR with optimistic shrinkage (Su, Dimakopoulou, Krishnamurthy & Dudik 2020): large
  weights are drawn in, which trades variance for bias. Its interval is as wide as DR's: how much
  bias was taken in is known no better than the variance that went.

A customer may have several decisions, so that spreads are taken over customers; intervals of
several policies hold together: they reach as far as the largest of their correlated t statistics
(Hothorn, Bretz & Westfall 2008).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from features.arrays import Floats, Indices
from features.errors import refuse

_DRAWS = 2000
_LEVEL = 0.95
_SHRINKAGES = np.geomspace(1.0, 1e6, 25)  # lambda of DRos; the largest leaves the weights alone


@dataclass(frozen=True)
class LoggedDecisions:
    """Decisions drawn at random, a row each.

    Attributes
    ----------
    customer : array (n,)
        Whose decision it was.
    arm : array (n,)
        The place of the arm that was drawn among the K arms.
    propensity : array (n,)
        The logged chance with which it was drawn, above 0.
    outcome : array (n,)
        What came of it.
    model : array (n, K)
        Expected outcome by arm, from a model that has not seen the row's customer.
    """

    customer: NDArray[np.generic]
    arm: Indices
    propensity: Floats
    outcome: Floats
    model: Floats

    def __post_init__(self) -> None:
        """Refuse what no value can be estimated from."""
        rows, arms = self.model.shape
        lengths = {len(v) for v in (self.customer, self.arm, self.propensity, self.outcome)}
        if rows == 0 or lengths != {rows} or not ((self.arm >= 0) & (self.arm < arms)).all():
            raise refuse(
                "decisions",
                f"one customer, outcome and propensity per row, and an arm of 0 to {arms - 1}",
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

    def of_drawn(self, by_arm: Floats) -> Floats:
        """Take what an array (n, K) says of the arm that was drawn."""
        return np.asarray(by_arm[np.arange(len(self.arm)), self.arm])


@dataclass(frozen=True)
class Estimate:
    """A mean with its spread over customers.

    Attributes
    ----------
    value, error : float
        The estimate and its standard error.
    low, high : float
        The interval that holds together with those of the other policies.
    """

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class PolicyValue:
    """One policy's value by each estimator, and how much the log can say of it.

    Attributes
    ----------
    effective : float
        Effective sample size: (sum of weights)^2 / sum of squared weights.
    largest_share : float
        The largest weight's share of all weights.
    """

    dr: Estimate
    snips: Estimate
    dros: Estimate
    effective: float
    largest_share: float


def policy_values(
    decisions: LoggedDecisions, policies: Mapping[str, Floats], *, seed: int = 0
) -> dict[str, PolicyValue]:
    """Estimate the value of several policies from the same decisions.

    Parameters
    ----------
    policies : arrays (n, K) by name
        The chance that the policy gives each arm; rows sum to 1, an arm that is not eligible
        has 0.
    """
    weights = _weights(decisions, policies)
    found = {name: _influences(decisions, policies[name], weights[name]) for name in policies}
    estimates = [
        _simultaneous([f[k] for f in found.values()], decisions.customer, seed) for k in range(3)
    ]
    return {
        name: PolicyValue(*(of_kind[place] for of_kind in estimates), *_reach(weights[name]))
        for place, name in enumerate(policies)
    }


def gains(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    against: str,
    *,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Estimate by DR how much more each policy would have brought than one of them.

    Both are estimated from the same rows, so that what they share cancels out.
    """
    if against not in policies:
        raise refuse("against", "one of " + ", ".join(policies), against, "Name a policy given.")
    weights = _weights(decisions, policies)
    drawn = {name: _doubly_robust(decisions, policies[name], weights[name]) for name in policies}
    others = [name for name in policies if name != against]
    differences = [drawn[name] - drawn[against] for name in others]
    return dict(zip(others, _simultaneous(differences, decisions.customer, seed), strict=True))


def mean_outcome(outcome: Floats, customer: ArrayLike, *, seed: int = 0) -> Estimate:
    """Give the mean of outcomes with its interval of 95 % over customers."""
    return _simultaneous([outcome], customer, seed)[0]


def count_sends_needed(p: float, relative_effect: float) -> int:
    """Count the sends per arm that a test of two arms needs, at 80 % power and 5 % error.

    n = 15.7 p (1 - p) / (p effect)^2 per arm, 15.7 = 2 (1.96 + .84)^2.

    >>> sends_needed(0.02, 0.10)
    76930
    """
    return int(np.ceil(15.7 * p * (1 - p) / (p * relative_effect) ** 2))


def _weights(decisions: LoggedDecisions, policies: Mapping[str, Floats]) -> dict[str, Floats]:
    """Weigh each row by policy: the policy's chance of the drawn arm over the logged one."""
    for name, chances in policies.items():
        _check_policy(name, chances, decisions)
    return {
        name: decisions.of_drawn(chances) / decisions.propensity
        for name, chances in policies.items()
    }


def _influences(
    decisions: LoggedDecisions, chances: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give each row's share of the three estimates; the mean of a share is the estimate."""
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


def _simultaneous(shares: list[Floats], customer: ArrayLike, seed: int) -> list[Estimate]:
    """Turn shares into estimates whose intervals hold together."""
    codes = pd.factorize(np.asarray(customer))[0]
    values = np.array([share.mean() for share in shares])
    by_customer = np.column_stack(
        [np.bincount(codes, weights=share - share.mean()) for share in shares]
    )
    customers = len(by_customer)
    inflation = customers / max(customers - 1, 1)
    errors = np.sqrt(inflation * (by_customer**2).sum(axis=0)) / len(codes)
    reach = _largest_t(by_customer, errors * len(codes), seed)
    return [
        Estimate(float(v), float(e), float(v - reach * e), float(v + reach * e))
        for v, e in zip(values, errors, strict=True)
    ]


def _largest_t(by_customer: Floats, errors: Floats, seed: int) -> float:
    """Find the half-width, in standard errors, within which all policies are at once."""
    usable = errors > 0
    if not usable.any():
        return 0.0
    scaled = by_customer[:, usable] / errors[usable]
    spread = np.linalg.cholesky(_nearly(scaled.T @ scaled))
    drawn = np.random.default_rng(seed).normal(size=(_DRAWS, spread.shape[0])) @ spread.T
    return float(np.quantile(np.abs(drawn).max(axis=1), _LEVEL))


def _nearly(covariance: Floats) -> Floats:
    """Keep a covariance of equal policies positive definite."""
    return np.asarray(covariance + 1e-10 * np.eye(len(covariance)))


def _reach(weight: Floats) -> tuple[float, float]:
    total = float(weight.sum())
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
    if not decisions.of_drawn(chances).any():
        raise refuse(
            f"policies.{name}",
            "a chance above 0 for some of the arms that were drawn",
            "none",
            "Draw at random among the arms of this policy first: nothing is known of it.",
        )
