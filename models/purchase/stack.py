"""A stack: several logits of one outcome put together into one.

Wolpert, "Stacked generalization" (1992); non-negative weights after Breiman, "Stacked
regressions" (1996).
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import Floats


class Stack(msgspec.Struct, frozen=True):
    """logit p = the members' logits, each times its weight.

    There is no intercept: it would learn the level of past months, which is not the coming
    one's. Without it three of four logs were foretold a little better.

    Attributes
    ----------
    weights : dict of str to float
        By member, none below 0.
    """

    weights: dict[str, float]

    def score(self, logits: Mapping[str, Floats]) -> Floats:
        """Put the members' logits together: arrays (n,) by member -> array (n,)."""
        total = sum(weight * logits[name] for name, weight in self.weights.items())
        return np.asarray(total, dtype=float)


def fit_stack(
    logits: Mapping[str, Floats],
    outcome: Floats,
    start: Mapping[str, float],
    *,
    ridge: float,
    shift: Floats | float = 0.0,
    weight: Floats | float = 1.0,
) -> Stack:
    """Fit the weights by the log-loss of rows that the members have not learned from.

    Parameters
    ----------
    logits : arrays (n,) by member
        Of rows that the member was not fitted on.
    outcome : array (n,)
        0 or 1.
    start : float by member
        Weights to which those that the rows do not speak for are drawn.
    ridge : float
        How strongly: the log-loss that a weight one away from its start costs.
    shift, weight : array (n,), optional
        What is known to be added to each row's logit, and what the row counts for.
    """
    names = list(start)
    columns = np.column_stack([logits[name] for name in names])
    centre = np.array([start[name] for name in names])

    def loss(values: Floats) -> tuple[float, Floats]:
        score = columns @ values + shift
        error, away = weight * (expit(score) - outcome), values - centre
        total = np.sum(weight * (np.logaddexp(0.0, score) - outcome * score))
        return float(total + ridge * np.sum(away**2)), columns.T @ error + 2 * ridge * away

    bounds = [(0.0, None)] * len(names)
    found = minimize(loss, centre, jac=True, bounds=bounds, method="L-BFGS-B")
    return Stack(dict(zip(names, found.x.tolist(), strict=True)))
