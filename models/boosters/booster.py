"""A LightGBM booster that corrects a prediction which another model has made already.

It is fitted with that prediction as its offset, stored as text, and evaluated on one thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats, Floats32
from models.boosters.binned_rows import BinnedRows
from models.boosters.single_row import SingleRowPredictor

Columns = Mapping[str, Any] | pd.DataFrame  # columns by name
# Up to this many rows are scored one by one: a single customer, with a row for each interval.
_FEW_ROWS = 16
# columns by name, or a matrix whose columns are in the trees' order
Inputs = Columns | Floats | Floats32
Objective = Literal["binary", "poisson", "regression"]


class BoosterSettings(msgspec.Struct, frozen=True):
    """The hyper-parameters of a `ResidualBooster`.

    The defaults restrain the trees on purpose: the offset carries the prediction, and the
    booster should correct it only where many customers support the correction.

    Attributes
    ----------
    rounds : int
        Number of trees.
    learning_rate : float
        Factor on the output of each tree.
    leaves : int
        Most leaves of a tree.
    min_rows : int
        Fewest training rows of a leaf.
    l2 : float
        Weight of the L2 penalty on the outputs of the leaves.
    feature_share, row_share : float
        Share in (0, 1] of the features, and of the rows, that each tree is grown on.
    bins : int
        Most distinct values of a feature that the trees tell apart.
    """

    rounds: int = 75
    learning_rate: float = 0.06
    leaves: int = 7
    min_rows: int = 200
    l2: float = 50.0
    feature_share: float = 0.6
    row_share: float = 0.8
    bins: int = 255


@dataclass(frozen=True)
class BoosterTarget:
    """What a booster learns to predict, one value per training row.

    Attributes
    ----------
    outcome : array (n,)
        0 or 1 for `binary`, counts for `poisson`, numbers for `regression`.
    offset : array (n,)
        The prediction to be corrected: a logit for `binary`, the logarithm of a mean for
        `poisson`, a mean for `regression`.
    weight : array (n,), optional
        How much each row counts; without it every row counts 1.
    objective : {"binary", "poisson", "regression"}
        The loss that is minimised.
    """

    outcome: NDArray[Any]
    offset: Floats
    weight: Floats | None = None
    objective: Objective = "binary"


class ResidualBooster:
    """A LightGBM model of the correction that is to be added to an offset.

    The offset is what another model says of a row, on the scale of the objective: a logit for
    outcomes of 0 and 1, the logarithm of an expectation for counts, the number itself otherwise.

    Parameters
    ----------
    columns : sequence of str
        Names of the input columns, in the order of the trees' features.
    booster : lightgbm.Booster
        The fitted trees; their raw score is the correction.
    """

    def __init__(self, columns: Sequence[str], booster: lgb.Booster) -> None:
        self.columns = tuple(columns)
        self._booster = booster
        self._single_row = SingleRowPredictor(booster)

    @classmethod
    def fit(
        cls,
        inputs: Inputs | BinnedRows,
        columns: Sequence[str],
        target: BoosterTarget,
        settings: BoosterSettings,
        *,
        seed: int,
    ) -> "ResidualBooster":
        """Fit a booster; the same rows, settings and seed give the same trees.

        Parameters
        ----------
        inputs : columns by name, array (n, len(columns)) or BinnedRows
            The training rows; they are binned once for several boosters by `BinnedRows`.
        columns : sequence of str
            Names of the columns that the trees may read.
        target : BoosterTarget
            What the trees learn to predict, row by row with `inputs`.
        """
        if not isinstance(inputs, BinnedRows):
            matrix = column_matrix(inputs, columns)
            inputs = BinnedRows.bin(matrix, columns, settings.bins, settings.min_rows)
        data = inputs.data.set_label(target.outcome).set_init_score(target.offset)
        data.set_field("weight", target.weight)  # `set_weight` would keep earlier ones for None
        parameters = {"objective": target.objective} | _parameters(settings, seed)
        booster = lgb.train(parameters, data, num_boost_round=settings.rounds)
        return cls(columns, booster)

    @classmethod
    def from_text(cls, columns: Sequence[str], text: str) -> "ResidualBooster":
        """Load a booster from LightGBM's text format.

        Raises
        ------
        ValueError
            The number of columns is not the number of features that the trees were fitted to.
        """
        booster = lgb.Booster(model_str=text)
        if booster.num_feature() != len(columns):
            raise ValueError(
                f"the trees read {booster.num_feature()} features, "
                f"the artefact names {len(columns)}"
            )
        return cls(columns, booster)

    def to_text(self) -> str:
        """Return the booster in LightGBM's text format."""
        text: str = self._booster.model_to_string()
        return text

    def correction(self, inputs: Inputs) -> Floats:
        """Compute what is to be added to the offset, on its scale: array (rows,)."""
        matrix = column_matrix(inputs, self.columns)
        if len(matrix) <= _FEW_ROWS:
            return self._single_row.scores(matrix)
        scores = self._booster.predict(matrix, raw_score=True, num_threads=1)
        return np.asarray(scores, dtype=float)

    def contributions(self, inputs: Inputs) -> Floats:
        """Split the correction of each row into one value per column.

        The values are TreeSHAP's as LightGBM computes them.

        Returns
        -------
        array (rows, columns + 1)
            Each row sums to the row's correction. The last column is the mean correction of the
            rows that the trees were fitted to.

        References
        ----------
        Lundberg, Erion & Lee (2018), "Consistent Individualized Feature Attribution for Tree
        Ensembles".
        """
        matrix = column_matrix(inputs, self.columns)
        if not len(matrix):
            return np.empty((0, len(self.columns) + 1))
        values = self._booster.predict(matrix, pred_contrib=True, num_threads=1)
        return np.asarray(values, dtype=float)

    def gains(self) -> dict[str, float]:
        """Return the reduction of the loss by splits on each column, summed over all trees."""
        gains = self._booster.feature_importance(importance_type="gain")
        return dict(zip(self.columns, map(float, gains), strict=True))


def booster_corrections(
    boosters: Mapping[str, ResidualBooster], inputs: Columns
) -> dict[str, Floats]:
    """Compute what each booster adds to its offset.

    Boosters that read the same columns share one matrix of them.

    Parameters
    ----------
    boosters : mapping of str to ResidualBooster
        The boosters, by names of the caller.
    inputs : columns
        The features that they read, one row per customer.

    Returns
    -------
    dict of str to array (rows,)
        By the same names, the correction of each row on the scale of the booster's offset, such
        as a logit.
    """
    matrices = {
        columns: column_matrix(inputs, columns)
        for columns in {b.columns for b in boosters.values()}
    }
    return {name: b.correction(matrices[b.columns]) for name, b in boosters.items()}


def column_matrix(inputs: Inputs, columns: Sequence[str]) -> Floats32:
    """Put columns side by side as a matrix (rows, columns) of 32-bit floats.

    A sum has other last bits if its rows come in another order. Trees that told 64-bit values apart
    would split between two results of the same sum, and then give a customer another score after
    the store was built anew.
    """
    if isinstance(inputs, np.ndarray):
        return inputs.astype(np.float32, copy=False)
    if isinstance(inputs, pd.DataFrame):
        return inputs[list(columns)].to_numpy(dtype=np.float32)
    # One call for all columns: for a single customer, a call costs more than the numbers it moves.
    laid_end_to_end = np.concatenate(list(map(inputs.__getitem__, columns)))
    return laid_end_to_end.astype(np.float32, copy=False).reshape(len(columns), -1).T


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
        "force_col_wise": True,
        "seed": seed,
        "num_threads": 2,
        "verbosity": -1,
    }
