"""Training rows that are sorted into bins once, for all boosters that are fitted to them."""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from features.arrays import Floats, Floats32, Indices


@dataclass(frozen=True)
class BinnedRows:
    """Rows with the bins of their values, which is what trees are grown on.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns, in the order of the trees' features.
    data : lightgbm.Dataset
        The bins. It gets the target of the booster that is fitted last.
    """

    columns: tuple[str, ...]
    data: lgb.Dataset

    @classmethod
    def bin(
        cls, matrix: Floats | Floats32, columns: Sequence[str], bins: int, min_rows: int
    ) -> "BinnedRows":
        """Sort the values of each column into bins.

        Parameters
        ----------
        matrix : array (n, len(columns))
            The rows; the trees read them as 32-bit floats.
        columns : sequence of str
            Names of the columns that trees may read.
        bins : int
            Most bins of a column.
        min_rows : int
            Fewest rows of a leaf: a column that cannot be split so is left out.
        """
        data = lgb.Dataset(
            matrix.astype(np.float32, copy=False),
            # LightGBM 4.7 stores bundled sparse columns in the room that all rows need on average;
            # rows taken out of them that have more values than that are written past its end.
            params={
                "max_bin": bins,
                "min_data_in_leaf": min_rows,
                "enable_bundle": False,
                "verbosity": -1,
            },
            feature_name=[f"f{position}" for position in range(len(columns))],
        )
        return cls(tuple(columns), data.construct())

    def take(self, rows: Indices) -> "BinnedRows":
        """Return some of the rows, by rising indices, with the bins of all rows."""
        return BinnedRows(self.columns, self.data.subset(rows.tolist()).construct())
