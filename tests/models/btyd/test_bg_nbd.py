"""Tests of BG/NBD: the slopes of its likelihood, and its fit against the library lifetimes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.purchase.btyd_customers import draw_customers
from models.btyd.bg_nbd import BgNbd
from models.btyd.history import count_distinct_histories
from models.btyd.lifetimes_fit import fit_by_lifetimes
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.member_fit import fit_member

_PARAMETER = st.floats(0.05, 50.0)


@given(parameters=st.tuples(_PARAMETER, _PARAMETER, _PARAMETER, _PARAMETER))
def test_slopes_of_the_likelihood_are_its_differences(parameters: tuple[float, ...]) -> None:
    history = (
        np.array([0.0, 1.0, 1.0, 4.0, 300.0]),
        np.array([0.0, 5.0, 80.0, 100.0, 650.0]),
        np.array([30.0, 200.0, 80.0, 110.0, 700.0]),
    )
    logs, step = np.log(parameters), 1e-5
    slopes = BgNbd(*parameters).log_likelihood_slopes(*history)
    for row, slope in zip(np.eye(4), slopes, strict=True):
        above, below = (BgNbd(*np.exp(logs + s * step * row)) for s in (1, -1))
        difference = above.log_likelihood(*history) - below.log_likelihood(*history)
        np.testing.assert_allclose(slope, difference / (2 * step), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("customers", "seed"), [(150, 3), (800, 4), (5000, 5)])
def test_the_fit_is_that_of_lifetimes(customers: int, seed: int) -> None:
    drawn = draw_customers(customers, MbgCnbd(1, 0.5, 6.0, 0.9, 1.6), (30, 700), seed=seed)
    frame = drawn.assign(recency=drawn["recency"].round(), T=drawn["T"].round())
    reference = fit_by_lifetimes("bg_nbd", count_distinct_histories(frame))
    fitted = fit_member(frame, "bg_nbd")
    assert isinstance(fitted, BgNbd) and not fitted.unreliable
    found = {name: getattr(fitted, name) for name in ("r", "alpha", "a", "b")}
    assert found == pytest.approx(reference, rel=1e-4)
