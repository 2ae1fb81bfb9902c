"""Numerical integrals over a drop-out probability, and over the moment of a drop-out."""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

from features.arrays import Floats

BETA_NODES = 24
_CHUNK = 1 << 11  # customers at a time, so that their nodes fit into the processor's cache
_NEGLIGIBLE = 30.0  # a probability of exp(-30) is neglected
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def _chunks(n: int) -> Iterator[slice]:
    """Cut n rows into slices of at most `_CHUNK` rows."""
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def integrate_over_beta(
    a: float, b: Floats, integrand: Callable[[Floats, slice], Floats]
) -> Floats:
    """Compute the mean of a function of p ~ Beta(a, b), where b differs by row.

    Parameters
    ----------
    b : array (n,)
    integrand : callable
        (p, slice of rows) -> values of the function, both arrays (rows, nodes).

    Returns
    -------
    array (n,)
    """
    distinct, index = np.unique(b, return_inverse=True)
    nodes = [beta_nodes(a, value) for value in distinct.tolist()]
    p = np.array([node for node, _ in nodes]).reshape(-1, BETA_NODES)
    weight = np.array([weights for _, weights in nodes]).reshape(-1, BETA_NODES)
    result = np.empty(len(b))
    for rows in _chunks(len(b)):
        at = index[rows]
        result[rows] = np.einsum("ij,ij->i", integrand(p[at], rows), weight[at])
    return result


@lru_cache(maxsize=1 << 14)  # few distinct b, and 80 us to compute each
def beta_nodes(a: float, b: float) -> tuple[Floats, Floats]:
    """Compute nodes and weights of Gauss-Jacobi quadrature over Beta(a, b).

    The nodes are the eigenvalues of the recurrence of the Jacobi polynomials (Golub & Welsch
    1969). Unlike `scipy.special.roots_jacobi` this needs no Beta function, which overflows at
    b > 500.

    Returns
    -------
    nodes : array (24,)
        In (0, 1].
    weights : array (24,)
        They sum to 1. Both arrays are cached and so cannot be written to.
    """
    left, right = b - 1.0, a - 1.0
    k = np.arange(BETA_NODES)
    total = 2 * k + left + right
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (right**2 - left**2) / (total * (total + 2))
    diagonal[0] = (right - left) / (left + right + 2)
    k, total = k[1:], total[1:]
    squares = 4 * k * (k + left) * (k + right) * (k + left + right)
    with np.errstate(divide="ignore", invalid="ignore"):  # the first one is 0 / 0 where a + b = 1
        squares /= total**2 * (total + 1) * (total - 1)
    squares[0] = 4 * (1 + left) * (1 + right) / ((2 + left + right) ** 2 * (3 + left + right))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    nodes, weights = np.clip((nodes + 1.0) / 2.0, 1e-12, 1.0), vectors[0] ** 2
    nodes.flags.writeable = weights.flags.writeable = False  # callers share the cached arrays
    return nodes, weights


def probability_of_coming_first(
    winner: tuple[Floats, Floats], rival: tuple[Floats, Floats], until: Floats
) -> Floats:
    """Compute P(winner's time < rival's time and < until) of two independent Lomax times.

    A Lomax time is exponential with a rate that is Gamma(shape, scale): it is longer than u with
    the probability (scale / (scale + u))^shape. The integral is computed by Gauss-Legendre
    quadrature on logarithmic time, up to where one of the two times is almost certainly over.

    Parameters
    ----------
    winner, rival : pair of arrays (n,)
        Shape and scale, in the unit of `until`.
    until : array (n,)

    Returns
    -------
    array (n,)
    """
    shorter = winner[1] <= rival[1]  # the smaller scale is the unit of logarithmic time
    at_unit, unit = np.where(shorter, winner, rival)
    at_other, other = np.where(shorter, rival, winner)
    end = np.minimum(until, np.minimum(_almost_certain_end(*winner), _almost_certain_end(*rival)))
    half = np.log1p(end / unit) / 2
    result = np.empty(len(until))
    for rows in _chunks(len(until)):
        t = half[rows, None] * (1.0 + _NODES)
        u = unit[rows, None] * np.expm1(t)
        outlasted = at_unit[rows, None] * t
        outlasted += at_other[rows, None] * np.log1p(u / other[rows, None])
        pace = (unit[rows, None] + u) / (winner[1][rows, None] + u)
        values = (pace * np.exp(-outlasted)) @ _WEIGHTS
        result[rows] = winner[0][rows] * half[rows] * values
    return result


def _almost_certain_end(shape: Floats, scale: Floats) -> Floats:
    """Compute the time than which a Lomax time is longer with the probability exp(-30)."""
    return scale * np.expm1(np.minimum(_NEGLIGIBLE / shape, 500.0))
