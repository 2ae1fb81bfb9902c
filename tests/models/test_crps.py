"""CRPS against numbers worked out by hand."""

import numpy as np
import pytest

from models.crps import crps


def test_crps_sums_squared_distances_over_the_days() -> None:
    law = np.array([[0.0, 0.5, 0.5, 1.0], [0.0, 0.0, 0.2, 0.2]])
    # bought within 2 days: 0, 1, 1; never: 0, 0, 0
    first = 0.25 + 0.25 + 0.0
    second = 0.0 + 0.04 + 0.04
    assert crps(np.array([2, 0]), law) == pytest.approx((first + second) / 2)
