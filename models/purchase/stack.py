"""A stack combines several models' logits of one outcome into one, by weights that are learned.

Sources: Wolpert, "Stacked generalization" (1992); the weights are not negative, after Breiman,
"Stacked regressions" (1996).
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import Floats


class Stack(msgspec.Struct, frozen=True):
    """The weights by which models' logits are summed.

    There is no intercept, since it would learn the purchase rate of past months, which is not
    the rate of the coming one. Without it the forecasts of three logs out of four were a little
    better.

    Attributes
    ----------
    weights : dict of str to float
        The weight of each model's logit, 0 or more.
    """

    weights: dict[str, float]

    def score(self, logits: Mapping[str, Floats]) -> Floats:
        """Sum the models' logits by weight: arrays (n,) by model -> array (n,)."""
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
    """Fit the weights by the log-loss of rows that the models were not fitted on.

    Parameters
    ----------
    logits : dict of str to array (n,)
        Each model's logits.
    outcome : array (n,)
        0 or 1.
    start : dict of str to float
        The weights towards which the penalty draws.
    ridge : float
        The penalty, in units of log-loss, of a weight that differs by 1 from its start.
    shift : array (n,) or float
        A known shift that is added to each row's logit.
    weight : array (n,) or float
        How much each row counts.
    """
    names = list(start)
    columns = np.column_stack([logits[name] for name in names])
    centre = np.array([start[name] for name in names])

    def loss(values: Floats) -> tuple[float, Floats]:
        score = columns @ values + shift
        error, distance = weight * (expit(score) - outcome), values - centre
        total = np.sum(weight * (np.logaddexp(0.0, score) - outcome * score))
        return float(total + ridge * np.sum(distance**2)), columns.T @ error + 2 * ridge * distance

    bounds = [(0.0, None)] * len(names)
    weights = minimize(loss, centre, jac=True, bounds=bounds, method="L-BFGS-B").x
    return Stack(dict(zip(names, weights.tolist(), strict=True)))
