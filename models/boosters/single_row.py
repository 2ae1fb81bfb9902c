"""A booster asked for one row, by the call that LightGBM's C interface has for it.

`Booster.predict` reads its parameters and sets up a predictor each time, which for one row costs
more than the trees. `LGBM_BoosterPredictForMatSingleRowFast` has both done before. Python's
package does not wrap it, so that its library is called here, and nowhere else.
"""

import ctypes
import weakref

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB, LightGBMError  # type: ignore[attr-defined]  # not for all

from features.arrays import Floats

_RAW_SCORE, _FLOAT64 = 1, 1  # of LightGBM's c_api.h
_FROM_FIRST, _TO_LAST = 0, -1  # iterations
_PARAMETERS = b"num_threads=1"


class SingleRow:
    """The raw score of one row after the other, to the last bit that of `Booster.predict`.

    Several threads may ask at once: LightGBM lets one after the other through.
    """

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster  # the prepared predictor reads its trees
        self._columns = booster.num_feature()
        self._prepared = ctypes.c_void_p()
        _check(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle, _RAW_SCORE, _FROM_FIRST, _TO_LAST,
                _FLOAT64, self._columns, _PARAMETERS, ctypes.byref(self._prepared),
            )
        )  # fmt: skip
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, self._prepared)

    def scores(self, matrix: Floats) -> Floats:
        """Give each row's score: matrix (rows, columns) -> array (rows,)."""
        if matrix.shape[1] != self._columns:
            raise ValueError(f"the trees read {self._columns} features, not {matrix.shape[1]}")
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        result, written = np.empty(len(rows)), ctypes.c_int64()
        source, target, count = rows.ctypes.data, result.ctypes.data, ctypes.byref(written)
        for place in range(len(rows)):
            row = ctypes.c_void_p(source + place * rows.strides[0])
            score = ctypes.c_void_p(target + place * result.itemsize)
            _check(_LIB.LGBM_BoosterPredictForMatSingleRowFast(self._prepared, row, count, score))
        return result


def _check(code: int) -> None:
    if code != 0:
        raise LightGBMError(_LIB.LGBM_GetLastError().decode())
