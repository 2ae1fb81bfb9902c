"""Contributions: a score on the logit scale, taken apart into what adds up to it exactly.

A model's score is a weighted sum of parts, such as an offset and boosters. Each part is given
as names -> one value per row; adding up the parts by name gives the whole.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from features.arrays import Floats
from models.boosters.booster import Inputs, ResidualBooster

Parts = dict[str, Floats]  # name -> one value per row

# No feature begins with @: these two cannot be taken for one.
BASELINE = "@baseline"
HISTORY = "@history"  # what the BTYD model makes of frequency, recency and T


def add_up(parts: Iterable[tuple[float, Mapping[str, Floats]]]) -> Parts:
    """Add up weighted parts by name.

    >>> added = add_up([(1.0, {"a": np.array([1.0])}), (0.5, {"a": np.array([4.0])})])
    >>> added["a"].tolist()
    [3.0]
    """
    total: Parts = {}
    for weight, part in parts:
        for name, values in part.items():
            total[name] = total.get(name, 0.0) + weight * values
    return total


def of_offset(offset: Floats, mean: float) -> Parts:
    """Take a BTYD offset apart: the population's mean, and what the customer's history adds."""
    return {BASELINE: np.full(len(offset), mean), HISTORY: offset - mean}


def of_booster(booster: ResidualBooster, inputs: Inputs) -> Parts:
    """Take a booster's correction apart: its expected value, and one part per column."""
    values = booster.contributions(inputs)
    return dict(zip((*booster.columns, BASELINE), values.T, strict=True))
