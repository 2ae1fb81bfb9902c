"""Traits: what of a customer a channel's effect may depend on, few and named beforehand.

A trait is a feature on a scale where equal steps mean alike (a count by its logarithm, a rate by
its logit), centred and with spread 1 over the rows that it was fitted to. A missing value stands
at the centre: it says nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import Floats
from models.boosters.booster import Columns

Scale = Literal["as_is", "log1p", "logit"]

_LEAST_RATE = 1e-4  # a rate of 0 or 1 has no logit
_FARTHEST = 4.0  # spreads from the centre; no customer is worth more than that
_SCALES: Mapping[Scale, Callable[[Any], Any]] = {
    "as_is": lambda values: values,
    "log1p": lambda values: np.log1p(np.maximum(values, 0.0)),
    "logit": lambda values: logit(np.clip(values, _LEAST_RATE, 1 - _LEAST_RATE)),
}


class Trait(msgspec.Struct, frozen=True):
    """One feature on its scale.

    Attributes
    ----------
    column : str
        The feature.
    centre, spread : float
        Of the scaled values, in the rows that the trait was fitted to.
    """

    column: str
    scale: Scale
    centre: float = 0.0
    spread: float = 1.0

    def fit(self, rows: pd.DataFrame) -> "Trait":
        """Take centre and spread from rows; a feature that never varies becomes 0 throughout."""
        values = _SCALES[self.scale](rows[self.column].to_numpy(dtype=float))
        values = values[~np.isnan(values)]
        spread = float(values.std()) if len(values) else 0.0
        centre = float(values.mean()) if len(values) else 0.0
        return Trait(self.column, self.scale, centre, spread if spread > 0 else np.inf)

    def of(self, inputs: Columns) -> Floats:
        """Give the trait of each row: array (rows,)."""
        values = _SCALES[self.scale](np.asarray(inputs[self.column], dtype=float))
        scaled = (values - self.centre) / self.spread
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -_FARTHEST, _FARTHEST))


def trait_matrix(traits: Sequence[Trait], inputs: Columns, rows: int) -> Floats:
    """Put traits side by side: array (rows, traits)."""
    if not traits:
        return np.empty((rows, 0))
    return np.column_stack([trait.of(inputs) for trait in traits])
