"""Tests of the numerical integrals of the BTYD models against closed forms."""

import numpy as np
import pytest

from models.btyd.quadrature import beta_nodes, integrate_over_beta, probability_of_coming_first


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.7), (1.0, 1.0), (2.5, 40.0), (0.8, 900.0)])
def test_nodes_give_the_moments_of_the_beta_distribution(a: float, b: float) -> None:
    nodes, weights = beta_nodes(a, b)
    assert weights.sum() == pytest.approx(1.0)
    assert nodes @ weights == pytest.approx(a / (a + b))
    assert nodes**2 @ weights == pytest.approx(a * (a + 1) / ((a + b) * (a + b + 1)))


def test_cached_nodes_cannot_be_written_to() -> None:
    nodes, _ = beta_nodes(1.0, 2.0)
    with pytest.raises(ValueError, match="read-only"):
        nodes[0] = 0.0


def test_rows_are_integrated_over_their_own_distribution_across_chunks() -> None:
    b = np.tile([1.0, 3.0, 9.0], 1000)
    mean = integrate_over_beta(2.0, b, lambda p, _: p)
    np.testing.assert_allclose(mean, 2.0 / (2.0 + b))


def test_of_two_equal_times_each_comes_first_with_a_probability_of_one_half() -> None:
    lomax = (np.array([1.5]), np.array([4.0]))
    assert probability_of_coming_first(lomax, lomax, np.array([1e9]))[0] == pytest.approx(0.5)


def test_a_time_whose_rival_hardly_ever_comes_has_its_own_distribution() -> None:
    shape, scale, until = np.array([2.0]), np.array([5.0]), np.array([3.0])
    never = (np.array([1e-9]), np.array([1.0]))
    p = probability_of_coming_first((shape, scale), never, until)
    np.testing.assert_allclose(p, 1 - (scale / (scale + until)) ** shape, rtol=1e-6)
