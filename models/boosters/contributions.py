"""Contributions split a score on the logit scale into named terms that sum to it exactly.

A model's score is a weighted sum of an offset and the corrections of boosters. Each of them is
split into terms by feature name; summing the terms by name gives the terms of the score.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from features.arrays import Floats
from models.boosters.booster import Inputs, ResidualBooster

Contributions = dict[str, Floats]  # name of a term -> one value per row

# Names of the terms that belong to no single feature; no feature's name begins with @.
BASELINE = "@baseline"  # the part of the score that is the same for every customer
HISTORY = "@history"  # what the BTYD model concludes from frequency, recency and T


def sum_contributions(parts: Iterable[tuple[float, Mapping[str, Floats]]]) -> Contributions:
    """Sum weighted contributions by name.

    Parameters
    ----------
    parts : pairs of (weight, contributions)
        Every term of the contributions is multiplied by the weight.

    >>> added = sum_contributions([(1.0, {"a": np.array([1.0])}), (0.5, {"a": np.array([4.0])})])
    >>> added["a"].tolist()
    [3.0]
    """
    total: Contributions = {}
    for weight, part in parts:
        for name, values in part.items():
            total[name] = total.get(name, 0.0) + weight * values
    return total


def offset_contributions(offset: Floats, mean: float) -> Contributions:
    """Split the logits of a BTYD model into the population's mean and the customer's deviation.

    Parameters
    ----------
    offset : array (n,)
        The logits.
    mean : float
        Mean logit of the population.

    Returns
    -------
    Contributions
        The mean as `BASELINE`, the deviation as `HISTORY`.
    """
    return {BASELINE: np.full(len(offset), mean), HISTORY: offset - mean}


def booster_contributions(booster: ResidualBooster, inputs: Inputs) -> Contributions:
    """Split a booster's correction into one term per column, and its mean as `BASELINE`."""
    values = booster.contributions(inputs)
    return dict(zip((*booster.columns, BASELINE), values.T, strict=True))
