"""Traits are the features of a customer on which the effect of a channel may depend.

They are few and named beforehand. A trait is a feature on a scale on which equal steps mean about
the same (the logarithm of a count, the logit of a rate), with mean 0 and standard deviation 1 over
the rows that it was fitted to. A missing value counts as the mean.
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

_LEAST_RATE = 1e-4  # rates are kept so far from 0 and 1, which have no logit
_FARTHEST = 4.0  # scaled values beyond it are clipped, so that no outlier dominates an effect
_SCALES: Mapping[Scale, Callable[[Any], Any]] = {
    "as_is": lambda values: values,
    "log1p": lambda values: np.log1p(np.maximum(values, 0.0)),
    "logit": lambda values: logit(np.clip(values, _LEAST_RATE, 1 - _LEAST_RATE)),
}


class Trait(msgspec.Struct, frozen=True):
    """A feature, the scale it is put on, and its mean and spread on that scale.

    Attributes
    ----------
    column : str
        Name of the feature.
    scale : {"as_is", "log1p", "logit"}
        The function that is applied to the feature's values.
    centre, spread : float
        Mean and standard deviation of the scaled values in the rows that it was fitted to.
    """

    column: str
    scale: Scale
    centre: float = 0.0
    spread: float = 1.0

    def fit(self, rows: pd.DataFrame) -> "Trait":
        """Return the trait with the centre and spread of some rows.

        A feature that is the same in all rows gets an infinite spread, so that the trait is 0.
        """
        values = _SCALES[self.scale](rows[self.column].to_numpy(dtype=float))
        values = values[~np.isnan(values)]
        spread = float(values.std()) if len(values) else 0.0
        centre = float(values.mean()) if len(values) else 0.0
        return Trait(self.column, self.scale, centre, spread if spread > 0 else np.inf)

    def scaled_values(self, inputs: Columns) -> Floats:
        """Compute the trait of each row: array (rows,), centred, with spread 1, from -4 to 4."""
        values = _SCALES[self.scale](np.asarray(inputs[self.column], dtype=float))
        scaled = (values - self.centre) / self.spread
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -_FARTHEST, _FARTHEST))


def trait_matrix(traits: Sequence[Trait], inputs: Columns, rows: int) -> Floats:
    """Compute several traits of each row: array (rows, len(traits))."""
    if not traits:
        return np.empty((rows, 0))
    return np.column_stack([trait.scaled_values(inputs) for trait in traits])
