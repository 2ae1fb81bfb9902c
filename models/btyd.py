"""Buy-till-you-die models of repeat purchasing: BG/NBD, MBG/NBD and the Pareto/NBD likelihood.

lifetimes fits the parameters; all that is asked of a fitted model is computed here, in log
space, so that a customer with a thousand purchases gets a number and not NaN. This is the only
module that imports lifetimes.

Sources: Fader, Hardie & Lee, "Counting Your Customers the Easy Way" (2005), for BG/NBD;
Batislam, Denizel & Filiztekin (2007) for MBG/NBD; Schmittlein, Morrison & Colombo (1987) with
Fader & Hardie's note "A Note on Deriving the Pareto/NBD Model" (2005) for Pareto/NBD.
"""

import io
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaln, expit, gammaln, hyp2f1

from features.inputs.faults import NextbuyError

Floats = NDArray[np.float64]
Variant = Literal["bg_nbd", "mbg_nbd"]

RFM = ("frequency", "recency", "T")  # the inputs of every question below, in days
WEEK = 7.0
_NODES = 24  # of the quadrature over the drop-out probability
PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)


class Btyd(msgspec.Struct, frozen=True):
    """A fitted BG/NBD or MBG/NBD; `frequency, recency, T` are in days, parameters in weeks.

    While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over
    customers; after each purchase (MBG: also right at the start) the customer drops out with a
    probability that is Beta(a, b) over customers.

    Attributes
    ----------
    penalty : float
        The weight penalty that lifetimes needed to converge; 0 is the plain likelihood, more
        says that the data did not pin the parameters down.
    """

    variant: Variant
    r: float
    alpha: float
    a: float
    b: float
    penalty: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give P(still a customer at the cutoff), in (0, 1]."""
        recency, T = recency / WEEK, T / WEEK
        shape = self.r + frequency
        silence = shape * (np.log(self.alpha + T) - np.log(self.alpha + recency))
        if self.variant == "mbg_nbd":
            log_odds_dead = np.log(self.a) - np.log(self.b + frequency) + silence
            return np.asarray(expit(-log_odds_dead))
        chances = np.maximum(frequency, 1.0) - 1  # drop-outs that a repeat buyer survived
        log_odds_dead = np.log(self.a) - np.log(self.b + chances) + silence
        return np.where(frequency > 0, expit(-log_odds_dead), 1.0)

    def p_within(
        self, frequency: Floats, recency: Floats, T: Floats, days: Sequence[float]
    ) -> Floats:
        """Give P(next purchase within h days) for each h: array (customers, len(days)).

        A living customer can drop out only at a purchase, so the next one comes with the
        Gamma-mixed rate alone: P(alive) (1 - ((alpha + T) / (alpha + T + h)) ** (r + x)).
        """
        buys = self.p_next_given_alive(frequency, T, days)
        return self.p_alive(frequency, recency, T)[:, None] * buys

    def p_next_given_alive(self, frequency: Floats, T: Floats, days: Sequence[float]) -> Floats:
        """Give P(next purchase within h days | alive): array (customers, len(days))."""
        return np.asarray(-np.expm1(self.log_survival(frequency, T, days)))

    def log_survival(self, frequency: Floats, T: Floats, days: Sequence[float]) -> Floats:
        """Give log P(no purchase within h days | alive): array (customers, len(days)).

        Of a daily buyer the probability itself is 0 in floats within weeks; its logarithm
        still tells the days apart.
        """
        h = np.asarray(days, dtype=float)[None, :] / WEEK
        scale = (self.alpha + T / WEEK)[:, None]
        shape = (self.r + frequency)[:, None]
        return np.asarray(shape * (np.log(scale) - np.log(scale + h)))

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Give the expected number of purchases within `days`.

        A living customer with drop-out probability p and rate l buys (1 - exp(-l p t)) / p
        times in t. The rate is integrated out in closed form, p by Gauss-Jacobi quadrature
        over its posterior Beta(a, b + survived drop-outs), which stays finite where the
        hypergeometric closed form (FHL 2005, eq. 10) does not.
        """
        t = days / WEEK
        scale, shape = self.alpha + T / WEEK, self.r + frequency
        survived = frequency + (1.0 if self.variant == "mbg_nbd" else 0.0)
        expected = np.empty(len(frequency))
        for value in np.unique(survived):
            rows = survived == value
            p, weight = _beta_nodes(self.a, self.b + value)
            drop = np.log(scale[rows, None]) - np.log(scale[rows, None] + p * t)
            expected[rows] = (-np.expm1(shape[rows, None] * drop) / p) @ weight
        return self.p_alive(frequency, recency, T) * expected


def _beta_nodes(a: float, b: float) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights, summing to 1, of an integral over Beta(a, b).

    Golub & Welsch (1969): the eigenvalues of the Jacobi polynomials' recurrence are the nodes.
    Unlike scipy's `roots_jacobi` this needs no Beta function, which overflows at b > 500.
    """
    left, right = b - 1.0, a - 1.0
    k = np.arange(_NODES)
    total = 2 * k + left + right
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (right**2 - left**2) / (total * (total + 2))
    diagonal[0] = (right - left) / (left + right + 2)
    k, total = k[1:], total[1:]
    squares = 4 * k * (k + left) * (k + right) * (k + left + right)
    squares /= total**2 * (total + 1) * (total - 1)
    squares[0] = 4 * (1 + left) * (1 + right) / ((2 + left + right) ** 2 * (3 + left + right))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    return np.clip((nodes + 1.0) / 2.0, 1e-12, 1.0), vectors[0] ** 2


def fit_btyd(frame: pd.DataFrame, variant: Variant = "bg_nbd") -> Btyd:
    """Fit one model to `frequency, recency, T` in days, one row per customer.

    Equal customers are fitted as one with a weight. Where the plain likelihood does not
    converge, growing penalties are tried.

    Raises
    ------
    NextbuyError
        No penalty makes it converge.
    """
    counted = frame.groupby(["frequency", "recency", "T"]).size().reset_index(name="weight")
    for penalty in PENALTIES:
        found = _fit(variant, counted, penalty)
        if found is not None:
            r, alpha, a, b = (float(found[name]) for name in ("r", "alpha", "a", "b"))
            return Btyd(variant, r, alpha, a, b, penalty)
    raise NextbuyError(
        f"{variant} does not converge on {len(frame)} customers: "
        "check that frequency, recency and T are days and that some customers bought twice"
    )


def _fit(
    variant: Literal["bg_nbd", "mbg_nbd", "pareto_nbd"],
    counted: pd.DataFrame,
    penalty: float,
) -> dict[str, float] | None:
    lifetimes = import_lifetimes()
    fitters: dict[str, Any] = {
        "bg_nbd": lifetimes.BetaGeoFitter,
        "mbg_nbd": lifetimes.ModifiedBetaGeoFitter,
        "pareto_nbd": lifetimes.ParetoNBDFitter,
    }
    fitter = fitters[variant](penalizer_coef=penalty)
    # lifetimes warns of overflow on the way to the optimum and prints the optimiser's report
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            fitter.fit(
                counted["frequency"],
                counted["recency"] / WEEK,
                counted["T"] / WEEK,
                weights=counted["weight"],
            )
        except lifetimes.fitters.ConvergenceError:
            return None
    parameters = dict(fitter.params_)
    return parameters if all(np.isfinite(v) and v > 0 for v in parameters.values()) else None


def import_lifetimes() -> Any:
    """Import lifetimes and undo what its import does to the process.

    It silences every FutureWarning and sets a pandas option that pandas 3 deprecates.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chained = pd.get_option("mode.chained_assignment")
        import lifetimes
        import lifetimes.utils

        pd.set_option("mode.chained_assignment", chained)
    return lifetimes


def log_likelihood(btyd: Btyd, frequency: Floats, recency: Floats, T: Floats) -> float:
    """Sum the log-likelihood over customers, from the papers' formulas, in weeks.

    BG/NBD: FHL 2005, eq. 6; MBG/NBD: Batislam et al. 2007, eq. 5.
    """
    x, t_x, T = frequency, recency / WEEK, T / WEEK
    r, alpha, a, b = btyd.r, btyd.alpha, btyd.a, btyd.b
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = -(r + x) * np.log(alpha + T)
    dead = -(r + x) * np.log(alpha + t_x)
    if btyd.variant == "mbg_nbd":
        alive = alive + betaln(a, b + x + 1) - betaln(a, b)
        dead = dead + betaln(a + 1, b + x) - betaln(a, b)
        return float(np.sum(rate + np.logaddexp(alive, dead)))
    alive = alive + betaln(a, b + x) - betaln(a, b)
    repeat = np.where(x > 0, x, 1.0)
    dead = np.where(x > 0, dead + betaln(a + 1, b + repeat - 1) - betaln(a, b), -np.inf)
    return float(np.sum(rate + np.logaddexp(alive, dead)))


class ParetoNbd(msgspec.Struct, frozen=True):
    """A fitted Pareto/NBD: purchase rates Gamma(r, alpha), drop-out rates Gamma(s, beta)."""

    r: float
    alpha: float
    s: float
    beta: float


def fit_pareto_nbd(frame: pd.DataFrame) -> ParetoNbd:
    """Fit Pareto/NBD to `frequency, recency, T` in days, one row per customer."""
    counted = frame.groupby(["frequency", "recency", "T"]).size().reset_index(name="weight")
    found = _fit("pareto_nbd", counted, 0.0)
    if found is None:
        raise NextbuyError(f"Pareto/NBD does not converge on {len(frame)} customers")
    return ParetoNbd(**{name: float(found[name]) for name in ("r", "alpha", "s", "beta")})


def pareto_log_likelihood(model: ParetoNbd, frequency: Floats, recency: Floats, T: Floats) -> float:
    """Sum the Pareto/NBD log-likelihood over customers (Fader & Hardie 2005, eq. 17-20)."""
    x, t_x, T = frequency, recency / WEEK, T / WEEK
    r, alpha, s, beta = model.r, model.alpha, model.s, model.beta
    larger, smaller = max(alpha, beta), min(alpha, beta)
    second = s + 1 if alpha >= beta else r + x
    total = r + s + x

    def term(t: Floats) -> Floats:
        z = (larger - smaller) / (larger + t)
        return np.log(hyp2f1(total, second, total + 1, z)) - total * np.log(larger + t)

    at_last, at_end = term(t_x), term(T)
    with np.errstate(divide="ignore"):  # bought at the very end: the first term is log 0
        gone = np.log1p(-np.exp(np.minimum(at_end - at_last, 0)))
    dead = np.log(s) - np.log(total) + at_last + gone
    alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(np.sum(rate + np.logaddexp(alive, dead)))
