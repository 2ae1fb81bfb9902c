"""Rows that are binned once: the same trees as of rows that are binned for one booster."""

import subprocess
import sys

import lightgbm as lgb
import numpy as np
import pytest

from features.arrays import Floats
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster

_COLUMNS = ("a", "b", "c")
_SETTINGS = BoosterSettings(rounds=20, min_rows=20, l2=1.0, bins=63)


def _rows(count: int = 2000) -> tuple[Floats, BoosterTarget]:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(count, len(_COLUMNS)))
    outcome = (rng.random(count) < 1 / (1 + np.exp(-matrix[:, 0]))).astype(float)
    return matrix, BoosterTarget(outcome, np.zeros(count), rng.random(count))


def _bin(matrix: Floats) -> BinnedRows:
    return BinnedRows.bin(matrix, _COLUMNS, _SETTINGS.bins, _SETTINGS.min_rows)


def _text(rows: Floats | BinnedRows, target: BoosterTarget) -> str:
    return ResidualBooster.fit(rows, _COLUMNS, target, _SETTINGS, seed=1).to_text()


def test_trees_are_those_of_the_rows_themselves() -> None:
    matrix, target = _rows()
    assert _text(_bin(matrix), target) == _text(matrix, target)


def test_a_booster_learns_its_own_target_whatever_was_fitted_before() -> None:
    matrix, target = _rows()
    other = BoosterTarget(1 - target.outcome, target.offset + 1, target.weight)
    binned = _bin(matrix)
    first, second, again = (_text(binned, of) for of in (target, other, target))
    assert first == again != second
    unweighted = BoosterTarget(target.outcome, target.offset)
    assert _text(binned, unweighted) == _text(matrix, unweighted)


def test_trees_of_some_rows_are_those_of_these_rows_where_the_bins_are_the_same() -> None:
    matrix, target = _rows()
    matrix = np.clip(matrix.round(), -2, 2)  # five values, each of them among some rows too
    some = np.arange(0, 2000, 3)
    of_some = BoosterTarget(target.outcome[some], target.offset[some], target.weight[some])
    taken = _bin(matrix).take(some)
    assert taken.data.num_data() == len(some)
    assert _text(taken, of_some) == _text(matrix[some], of_some)


def test_settings_that_need_other_bins_are_refused() -> None:
    matrix, target = _rows()
    coarser = BoosterSettings(rounds=2, min_rows=20, bins=15)
    with pytest.raises(lgb.basic.LightGBMError, match="max_bin"):
        ResidualBooster.fit(_bin(matrix), _COLUMNS, target, coarser, seed=1)


# In a process of its own, because what this is about is memory that is overwritten.
_DENSE_ROWS_OF_SPARSE_COLUMNS = """
import numpy as np
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster

rng = np.random.default_rng(0)
columns = [f"c{number}" for number in range(20)]
is_dense = rng.random(20_000) < 0.2
has_value = is_dense[:, None] & (rng.random((20_000, 20)) < 0.9)
matrix = np.where(has_value, rng.normal(size=(20_000, 20)), 0.0)
dense = np.flatnonzero(is_dense)
binned = BinnedRows.bin(matrix, columns, 63, 20)
target = BoosterTarget((rng.random(len(dense)) < 0.5).astype(float), np.zeros(len(dense)))
for _ in range(8):
    settings = BoosterSettings(rounds=3, min_rows=20, bins=63)
    ResidualBooster.fit(binned.take(dense), columns, target, settings, seed=1)
print("fitted")
"""


def test_rows_with_many_values_can_be_taken_out_of_columns_with_few() -> None:
    command = [sys.executable, "-c", _DENSE_ROWS_OF_SPARSE_COLUMNS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "fitted\n"), done.stderr
