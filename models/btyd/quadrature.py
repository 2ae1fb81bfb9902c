"""Integrals over what is not observed: a drop-out probability, the moment of a drop-out."""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

from features.arrays import Floats

BETA_NODES = 24
_CHUNK = 1 << 11  # customers at a time, so that the nodes of all of them stay in the cache
_CERTAIN = 30.0  # exp(-30) of a probability is nothing beside the rest
_PLACES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def _chunks(n: int) -> Iterator[slice]:
    """Cut n rows into slices."""
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def over_beta(a: float, b: Floats, integrand: Callable[[Floats, slice], Floats]) -> Floats:
    """Integrate over p ~ Beta(a, b) of each row.

    Parameters
    ----------
    b : array (n,)
    integrand : (p, rows) -> values
        Values at p, array (rows, nodes), for a slice of the rows.
    """
    distinct, place = np.unique(b, return_inverse=True)
    nodes = [beta_nodes(a, value) for value in distinct.tolist()]
    p = np.array([node for node, _ in nodes]).reshape(-1, BETA_NODES)
    weight = np.array([weights for _, weights in nodes]).reshape(-1, BETA_NODES)
    result = np.empty(len(b))
    for rows in _chunks(len(b)):
        at = place[rows]
        result[rows] = np.einsum("ij,ij->i", integrand(p[at], rows), weight[at])
    return result


@lru_cache(maxsize=1 << 14)  # few frequencies, and so few b: the eigenvalues cost 80 us each time
def beta_nodes(a: float, b: float) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights, summing to 1, of an integral over Beta(a, b).

    Golub & Welsch (1969): the eigenvalues of the Jacobi polynomials' recurrence are the nodes.
    Unlike scipy's `roots_jacobi` this needs no Beta function, which overflows at b > 500. The
    arrays are kept for whoever asks next, and cannot be written to.
    """
    left, right = b - 1.0, a - 1.0
    k = np.arange(BETA_NODES)
    total = 2 * k + left + right
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (right**2 - left**2) / (total * (total + 2))
    diagonal[0] = (right - left) / (left + right + 2)
    k, total = k[1:], total[1:]
    squares = 4 * k * (k + left) * (k + right) * (k + left + right)
    squares /= total**2 * (total + 1) * (total - 1)
    squares[0] = 4 * (1 + left) * (1 + right) / ((2 + left + right) ** 2 * (3 + left + right))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    places, weights = np.clip((nodes + 1.0) / 2.0, 1e-12, 1.0), vectors[0] ** 2
    places.flags.writeable = weights.flags.writeable = False  # the same for all who ask
    return places, weights


def comes_first(
    winner: tuple[Floats, Floats], rival: tuple[Floats, Floats], until: Floats
) -> Floats:
    """Give P(winner's time < rival's and < until), of two independent Lomax times.

    A Lomax time is exponential with a rate that is Gamma(shape, scale): it outlasts u with
    probability (scale / (scale + u))^shape. Gauss-Legendre in log time, on the smaller of the
    two scales, up to where one of the two is all but certain to have come.

    Parameters
    ----------
    winner, rival : (shape, scale), arrays (n,)
    until : array (n,)
    """
    shorter = winner[1] <= rival[1]  # the winner's scale is the unit of log time
    at_unit, unit = np.where(shorter, winner, rival)
    at_other, other = np.where(shorter, rival, winner)
    end = np.minimum(until, np.minimum(_over_by(*winner), _over_by(*rival)))
    half = np.log1p(end / unit) / 2
    result = np.empty(len(until))
    for rows in _chunks(len(until)):
        t = half[rows, None] * (1.0 + _PLACES)
        u = unit[rows, None] * np.expm1(t)
        outlasted = at_unit[rows, None] * t
        outlasted += at_other[rows, None] * np.log1p(u / other[rows, None])
        pace = (unit[rows, None] + u) / (winner[1][rows, None] + u)
        values = (pace * np.exp(-outlasted)) @ _WEIGHTS
        result[rows] = winner[0][rows] * half[rows] * values
    return result


def _over_by(shape: Floats, scale: Floats) -> Floats:
    """Give the time that a Lomax time outlasts with probability exp(-30)."""
    return scale * np.expm1(np.minimum(_CERTAIN / shape, 500.0))
