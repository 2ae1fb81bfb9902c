"""Traits are the features of a customer on which the effect of a channel may depend.

A trait is a column on a scale on which equal steps mean about the same (the logarithm of a count,
the logit of a rate, whether a text is a certain one), with mean 0 and standard deviation 1 over the
rows that it was fitted to. A missing value counts as the mean, and a missing text as another text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import Floats
from models.boosters.booster import Columns

Scale = Literal["as_is", "log1p", "logit", "equals"]

_LEAST_RATE = 1e-4  # rates are kept so far from 0 and 1, which have no logit
_FARTHEST = 4.0  # scaled values beyond it are clipped, so that no outlier dominates an effect
_SCALES: Mapping[Scale, Callable[[Any, str | None], Any]] = {
    "as_is": lambda values, _: _numbers(values),
    "log1p": lambda values, _: np.log1p(np.maximum(_numbers(values), 0.0)),
    "logit": lambda values, _: logit(np.clip(_numbers(values), _LEAST_RATE, 1 - _LEAST_RATE)),
    "equals": lambda values, text: _numbers(np.asarray(values, dtype=object) == text),
}


def _numbers(values: Any) -> Floats:
    return np.asarray(values, dtype=float)


class Trait(msgspec.Struct, frozen=True):
    """A column, the scale it is put on, and its mean and spread on that scale.

    Attributes
    ----------
    column : str
        Name of the column.
    scale : {"as_is", "log1p", "logit", "equals"}
        The function that is applied to the column's values; `equals` is 1 where they are `text`.
    centre, spread : float
        Mean and standard deviation of the scaled values in the rows that it was fitted to. A
        spread of 0 means that they were all the same: then the trait is 0 for everybody.
    text : str or None
        What a text is compared with.
    """

    column: str
    scale: Scale
    centre: float = 0.0
    spread: float = 1.0
    text: str | None = None

    def fit(self, rows: pd.DataFrame) -> "Trait":
        """Return the trait with the centre and spread of some rows."""
        values = _SCALES[self.scale](rows[self.column].to_numpy(), self.text)
        values = values[~np.isnan(values)]
        centre = float(values.mean()) if len(values) else 0.0
        spread = float(values.std()) if (values != values[:1]).any() else 0.0
        return msgspec.structs.replace(self, centre=centre, spread=spread)

    def scaled_values(self, inputs: Columns) -> Floats:
        """Compute the trait of each row: array (rows,), centred, with spread 1, from -4 to 4."""
        values = _SCALES[self.scale](inputs[self.column], self.text)
        if self.spread == 0:
            return np.zeros(len(values))
        scaled = (values - self.centre) / self.spread
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -_FARTHEST, _FARTHEST))


def trait_matrix(traits: Sequence[Trait], inputs: Columns, rows: int) -> Floats:
    """Compute several traits of each row: array (rows, len(traits))."""
    if not traits:
        return np.empty((rows, 0))
    return np.column_stack([trait.scaled_values(inputs) for trait in traits])
