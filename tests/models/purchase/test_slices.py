"""Which features boosters learn from, and what a row counts for."""

import numpy as np
import pandas as pd
import pytest

from models.btyd.bg_nbd import BgNbd
from models.purchase.slices import Slices

BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)
CUTOFFS = pd.to_datetime(["2025-01-01", "2025-05-01"], utc=True)
LATEST = pd.Timestamp("2025-09-01", tz="UTC")


def _slices(columns: dict[str, list[float]], latest: dict[str, list[float]]) -> Slices:
    frame = pd.DataFrame({"customer_id": list("abab"), "cutoff": np.repeat(CUTOFFS, 2), **columns})
    now = pd.DataFrame({"customer_id": list("ab"), "cutoff": LATEST, **latest})
    labels = pd.DataFrame({"returned": [True, False] * 2, "days_to_next": [5, 0, 9, 0]})
    return Slices(0, 90, frame, labels, now, dict.fromkeys([*CUTOFFS, LATEST], BTYD))


def test_a_feature_that_is_the_same_for_all_at_a_cutoff_is_left_out() -> None:
    slices = _slices(
        {"weekday": [1.0, 1.0, 4.0, 4.0], "gap": [3.0, 9.0, 4.0, 8.0]},
        {"weekday": [2.0, 2.0], "gap": [5.0, 6.0]},
    )
    assert slices.columns == ["gap"]


def test_a_feature_that_has_outgrown_the_slices_is_left_out() -> None:
    slices = _slices(
        {"age": [10.0, 60.0, 130.0, 180.0], "gap": [3.0, 9.0, 4.0, 8.0]},
        {"age": [250.0, 300.0], "gap": [5.0, 6.0]},
    )
    assert slices.columns == ["gap"]


def test_a_feature_that_is_missing_everywhere_is_left_out() -> None:
    nothing = [np.nan] * 4
    slices = _slices(
        {"empty": nothing, "gap": [3.0, 9.0, 4.0, 8.0]},
        {"empty": [1.0, 2.0], "gap": [5.0, 6.0]},
    )
    assert slices.columns == ["gap"]


def test_a_slice_120_days_older_counts_half() -> None:
    slices = _slices({"gap": [3.0, 9.0, 4.0, 8.0]}, {"gap": [5.0, 6.0]})
    assert slices.weights.tolist() == pytest.approx([0.5, 0.5, 1.0, 1.0])


def test_a_young_log_has_no_season() -> None:
    slices = _slices({"gap": [3.0, 9.0, 4.0, 8.0]}, {"gap": [5.0, 6.0]})
    assert slices.season is None
    assert slices.shifts.tolist() == [0.0] * 4
