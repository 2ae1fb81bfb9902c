"""LightGBM boosters: fitted with an offset, kept as text, evaluated on one thread."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import lightgbm as lgb
import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from models.boosters.single_row import SingleRow

Columns = Mapping[str, Any] | pd.DataFrame  # columns by name
_FEW = 16  # rows: a customer alone, and the intervals of one
Inputs = Columns | Floats  # by name, or side by side in the trees' order already
Objective = Literal["binary", "poisson", "regression"]


class BoosterSettings(msgspec.Struct, frozen=True):
    """Hyper-parameters of a residual booster; the defaults are those of the second pilot.

    They are deliberately tame: the offset carries the prediction, and the booster corrects it
    only where many customers say so.
    """

    rounds: int = 150
    learning_rate: float = 0.03
    leaves: int = 7
    min_rows: int = 200
    l2: float = 50.0
    feature_share: float = 0.6
    row_share: float = 0.8
    bins: int = 255


class ResidualBooster:
    """A LightGBM model of what an offset leaves unexplained: a logit, a count's logarithm, a mean.

    Parameters
    ----------
    columns : sequence of str
        Inputs, in the order of the trees' features.
    booster : lightgbm.Booster
        Its raw score is added to the offset.
    """

    def __init__(self, columns: Sequence[str], booster: lgb.Booster) -> None:
        self.columns = tuple(columns)
        self._booster = booster
        self._single = SingleRow(booster)

    @classmethod
    def fit(
        cls,
        inputs: Inputs,
        columns: Sequence[str],
        outcome: NDArray[Any],
        offset: Floats,
        settings: BoosterSettings,
        seed: int,
        weight: Floats | None = None,
        objective: Objective = "binary",
    ) -> "ResidualBooster":
        """Fit to outcomes, 0/1, counts or numbers; the same seed and rows give the same trees."""
        data = lgb.Dataset(
            stack(inputs, columns),
            label=outcome,
            init_score=offset,
            weight=weight,
            params={"max_bin": settings.bins},
            feature_name=[f"f{place}" for place in range(len(columns))],
        )
        parameters = {"objective": objective} | _parameters(settings, seed)
        booster = lgb.train(parameters, data, num_boost_round=settings.rounds)
        return cls(columns, booster)

    @classmethod
    def from_text(cls, columns: Sequence[str], text: str) -> "ResidualBooster":
        """Load from LightGBM's own text format."""
        booster = lgb.Booster(model_str=text)
        if booster.num_feature() != len(columns):
            raise ValueError(
                f"the trees read {booster.num_feature()} features, "
                f"the artefact names {len(columns)}"
            )
        return cls(columns, booster)

    def to_text(self) -> str:
        """Write as LightGBM's own text format."""
        text: str = self._booster.model_to_string()
        return text

    def correction(self, inputs: Inputs) -> Floats:
        """Give what is to be added to the offset, on its scale."""
        matrix = stack(inputs, self.columns)
        if len(matrix) <= _FEW:
            return self._single.scores(matrix)
        scores = self._booster.predict(matrix, raw_score=True, num_threads=1)
        return np.asarray(scores, dtype=float)

    def contributions(self, inputs: Inputs) -> Floats:
        """Take the correction apart: array (rows, columns + 1), each row summing to it.

        TreeSHAP as LightGBM computes it (Lundberg, Erion & Lee 2018, "Consistent Individualized
        Feature Attribution for Tree Ensembles"): a value per column, the last one being the
        trees' expected value over the rows that they were fitted to.
        """
        matrix = stack(inputs, self.columns)
        if not len(matrix):
            return np.empty((0, len(self.columns) + 1))
        values = self._booster.predict(matrix, pred_contrib=True, num_threads=1)
        return np.asarray(values, dtype=float)

    def gains(self) -> dict[str, float]:
        """Give what the splits on each column gained, added up over all trees."""
        found = self._booster.feature_importance(importance_type="gain")
        return dict(zip(self.columns, map(float, found), strict=True))


def corrections(boosters: Mapping[str, ResidualBooster], inputs: Columns) -> dict[str, Floats]:
    """Give the correction of each booster; columns that several read are put together once."""
    matrices = {
        columns: stack(inputs, columns) for columns in {b.columns for b in boosters.values()}
    }
    return {name: b.correction(matrices[b.columns]) for name, b in boosters.items()}


def stack(inputs: Inputs, columns: Sequence[str]) -> Floats:
    """Put columns side by side as a matrix (rows, columns); one that is given stays as it is."""
    if isinstance(inputs, np.ndarray):
        return inputs
    if isinstance(inputs, pd.DataFrame):
        return inputs[list(columns)].to_numpy(dtype=float)
    # one call for all columns: of one customer's features each call costs more than its numbers
    laid_end_to_end = np.concatenate(list(map(inputs.__getitem__, columns)))
    return laid_end_to_end.astype(float, copy=False).reshape(len(columns), -1).T


def _parameters(settings: BoosterSettings, seed: int) -> dict[str, Any]:
    return {
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_rows,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "max_bin": settings.bins,
        "boost_from_average": False,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": 2,
        "verbosity": -1,
    }
