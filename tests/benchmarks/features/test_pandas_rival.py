"""The 50 features of the benchmark, declared and hand-written in pandas, are the same."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.features.fifty_features import FIFTY
from benchmarks.features.pandas_rival import compute_fifty
from benchmarks.features.warehouse import CUTOFF, write_warehouse
from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff, to_datetime

_INEXACT = ("_mean", "_std", "_share", "_cv", "_rate_", "_ratio", "_mean_365d")


def test_fifty_features_equal_the_pandas_rival(tmp_path: Path) -> None:
    config = write_warehouse(tmp_path, orders=6000)
    log = read_log(read_shop(config))
    cutoff = read_cutoff(CUTOFF, log.shop.timezone)
    ours = build_features(log, [cutoff], read_catalog(log, cutoff).select(FIFTY))
    ours = ours.set_index(ours["customer_id"].astype(int)).sort_index()
    theirs = compute_fifty(tmp_path, pd.Timestamp(to_datetime(cutoff)))
    assert len(FIFTY) == 50
    np.testing.assert_array_equal(ours.index, theirs.index)
    for name in FIFTY:
        mine, other = ours[name].to_numpy(), theirs[name].to_numpy()
        if name.endswith("_top"):
            mine, other = (np.where(pd.isna(x), None, x) for x in (mine, other))
            np.testing.assert_array_equal(mine, other, err_msg=name)
        elif any(part in name for part in _INEXACT):
            np.testing.assert_allclose(mine, other.astype(float), rtol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(mine, other.astype(float), err_msg=name)
