"""Predicted and observed purchases by group of customers."""

import numpy as np
import pytest

from tests.training.judged_origins import make_tiny_judged
from training.evaluation.evaluation import Evaluation
from training.evaluation.segments import frequency_table, segment_table
from training.metrics.probabilities import OURS


def test_segments_hold_predicted_observed_and_spend() -> None:
    law = [[0.0, 0.1, 0.5], [0.0, 0.2, 0.9], [0.0, 0.1, 0.7]]
    table = segment_table(make_tiny_judged({OURS: law}, [1, 0, 0])).set_index("group")
    assert table.index.tolist() == ["not scored", "new"]  # the likeliest first
    assert table.loc["new", ["customers", "predicted", "observed", "spend"]].tolist() == [
        2, 0.6, 0.5, 50.0,
    ]  # fmt: skip
    assert np.isnan(table.loc["new", "expected_spend"])


def test_frequency_buckets_part_everybody(evaluation: Evaluation) -> None:
    table = frequency_table(evaluation.test)
    assert table["group"].tolist() == ["0", "1-2", "3-9", "10_up"]
    assert table["share"].sum() == pytest.approx(1)
