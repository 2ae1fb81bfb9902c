"""Fast predictions of a LightGBM booster for single rows, through LightGBM's C interface.

`Booster.predict` reads its parameters and sets up a predictor at every call, which for one row
takes longer than evaluating the trees. `LGBM_BoosterPredictForMatSingleRowFast` uses a predictor
that was set up before. LightGBM's Python package does not wrap that function, so this module
calls the C library directly; no other module does.
"""

import ctypes
import weakref

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB, LightGBMError  # type: ignore[attr-defined]  # not exported

from features.arrays import Floats, Floats32

_RAW_SCORE, _FLOAT64 = 1, 1  # constants of LightGBM's c_api.h
_FROM_FIRST, _TO_LAST = 0, -1  # the trees that are evaluated: all
_PARAMETERS = b"num_threads=1"


class SingleRowPredictor:
    """A predictor of raw scores for a few rows, equal to `Booster.predict` to the last bit.

    Several threads may use it at the same time: LightGBM serves them one after the other.
    """

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster  # kept alive, since the prepared predictor reads its trees
        self._columns = booster.num_feature()
        self._prepared = ctypes.c_void_p()
        _check(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle, _RAW_SCORE, _FROM_FIRST, _TO_LAST,
                _FLOAT64, self._columns, _PARAMETERS, ctypes.byref(self._prepared),
            )
        )  # fmt: skip
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, self._prepared)

    def scores(self, matrix: Floats32) -> Floats:
        """Compute the raw score of each row: matrix (rows, columns) -> array (rows,).

        Raises
        ------
        ValueError
            The matrix does not have the columns that the trees were fitted to.
        """
        if matrix.shape[1] != self._columns:
            raise ValueError(f"the trees read {self._columns} features, not {matrix.shape[1]}")
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        result, written = np.empty(len(rows)), ctypes.c_int64()
        source, target, count = rows.ctypes.data, result.ctypes.data, ctypes.byref(written)
        for row_index in range(len(rows)):
            row = ctypes.c_void_p(source + row_index * rows.strides[0])
            score = ctypes.c_void_p(target + row_index * result.itemsize)
            _check(_LIB.LGBM_BoosterPredictForMatSingleRowFast(self._prepared, row, count, score))
        return result


def _check(code: int) -> None:
    if code != 0:
        raise LightGBMError(_LIB.LGBM_GetLastError().decode())
