"""Fits a member to purchase histories, with fallbacks, so that every shop gets a fit.

These ways are tried in turn until one succeeds:

1. maximum likelihood by the library lifetimes, for MBG/NBD;
2. maximum likelihood here, in a unit of time taken from the data, from several starting points,
   for BG/NBD by its gradient in closed form: lifetimes differentiates it by tracing each step, and
   takes several times as long for the same parameters;
3. the same with a looser tolerance;
4. the same with a growing penalty on the logarithms of the parameters;
5. no optimisation: the scales follow from the shop's purchase rate, and every shape is 1.

The fitted member says whether it is `unreliable`. A fit by 1 to 3 is unreliable where the
likelihood is flat around it or a parameter is implausible; a fit by 4 or 5 always is.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from features.arrays import Floats
from models.btyd.bg_nbd import BgNbd
from models.btyd.history import WEEK, count_distinct_histories, rfm_arrays
from models.btyd.lifetimes_fit import FITTERS, fit_by_lifetimes
from models.btyd.member import TIME_PARAMETERS, Member, MemberName, make_member, parameter_names

PENALTIES = (0.001, 0.01, 0.1, 1.0)  # weights that are tried in turn
_YEAR = 52.0  # weeks; the unit of time where no customer has been observed for any time
_STARTS = (1.0, 0.3, 3.0)  # starting values of all parameters, times in the unit of the data
_TIGHT, _LOOSE = 1e-13, 1e-8  # relative change of the mean log-likelihood that ends the search
_REACH = 14.0  # the search keeps the logarithms of the parameters between -14 and 14
_NO_NUMBER = 1e6  # stands for a loss that is not a number; worse than any other
# A parameter outside of 1/1000 to 1000, times in the unit of the data, means that the model is at
# one of its limits: nobody ever drops out, everybody does, or all customers are alike.
_PLAUSIBLE = 1e3
# The largest standard error of the logarithm of a parameter, in the least certain direction, with
# which the parameters count as determined: a factor of seven either way.
_MOST_ERROR = 2.0


def fit_member(frame: pd.DataFrame, name: MemberName = "bg_nbd") -> Member:
    """Fit a member to purchase histories; a fit is always returned.

    Customers with the same history are fitted as one row with a weight.

    Parameters
    ----------
    frame : DataFrame
        `frequency, recency, T` in days with 0 <= recency <= T, one row per customer; at least one
        row.
    name : str
        The member, one of `models.btyd.member.MEMBER_NAMES`.
    """
    counted = count_distinct_histories(frame)
    likelihood = _Likelihood(name, counted)
    for penalty, logs in _attempts(name, counted, likelihood):
        if logs is not None and np.isfinite(likelihood.mean(logs)):
            unreliable = penalty > 0 or not likelihood.is_determined(logs)
            return likelihood.member(logs, penalty=penalty, unreliable=unreliable)
    return likelihood.member(likelihood.neutral(), penalty=PENALTIES[-1], unreliable=True)


def _attempts(
    name: MemberName, counted: pd.DataFrame, likelihood: "_Likelihood"
) -> Iterator[tuple[float, Floats | None]]:
    """Yield the penalty and result of one way after the other, the logarithms of the parameters.

    The result is None where the search did not converge.
    """
    if name in FITTERS and not likelihood.has_slopes:
        parameters = fit_by_lifetimes(name, counted)
        yield 0.0, None if parameters is None else likelihood.logs(parameters)
    for tolerance in (_TIGHT, _LOOSE):
        for start in _STARTS:
            yield 0.0, likelihood.search(start, 0.0, tolerance)
    for penalty in PENALTIES:
        yield penalty, likelihood.search(1.0, penalty, _LOOSE)


class _Likelihood:
    """The likelihood of a member over a shop's customers, by the logarithms of its parameters.

    Times are in `unit` weeks, the shop's mean time per purchase, so that the parameters of every
    shop are around 1.
    """

    def __init__(self, name: MemberName, counted: pd.DataFrame) -> None:
        self.name = name
        self.history = rfm_arrays(counted)
        self.weight = counted["weight"].to_numpy(dtype=float)
        x, _, T = self.history
        weeks = float((T * self.weight).sum()) / WEEK
        self.unit = weeks / float(((x + 1) * self.weight).sum()) if weeks > 0 else _YEAR
        self.is_scale = np.array(
            [parameter in TIME_PARAMETERS for parameter in parameter_names(name)]
        )

    def member(self, logs: Floats, *, penalty: float = 0.0, unreliable: bool = False) -> Member:
        """Make the member with some logarithms of its parameters."""
        values = np.exp(logs) * np.where(self.is_scale, self.unit, 1.0)
        parameters = dict(zip(parameter_names(self.name), values.tolist(), strict=True))
        return make_member(self.name, parameters, penalty=penalty, unreliable=unreliable)

    def logs(self, parameters: dict[str, float]) -> Floats:
        """Convert parameters by name, times in weeks, into logarithms in the unit of the data."""
        values = np.array([parameters[name] for name in parameter_names(self.name)])
        return np.asarray(np.log(values / np.where(self.is_scale, self.unit, 1.0)))

    def neutral(self) -> Floats:
        """Return the logarithms of shapes of 1, and of times of one unit: array (parameters,)."""
        return np.zeros(len(self.is_scale))

    def by_customer(self, logs: Floats) -> Floats:
        """Compute the log-likelihood of each distinct history."""
        return self.member(logs).log_likelihood(*self.history)

    @property
    def has_slopes(self) -> bool:
        """Whether the member's likelihood is differentiated in closed form."""
        return self.name == "bg_nbd"

    def mean(self, logs: Floats) -> float:
        """Compute the mean log-likelihood over all customers."""
        return float(self.by_customer(logs) @ self.weight / self.weight.sum())

    def search(self, start: float, penalty: float, tolerance: float) -> Floats | None:
        """Maximise the penalised mean log-likelihood; None if the search does not converge."""

        def loss(logs: Floats) -> float:
            value = penalty * float(logs @ logs) - self.mean(logs)
            return value if np.isfinite(value) else _NO_NUMBER

        def slopes(logs: Floats) -> Floats:
            mean = self._scores(logs) @ self.weight / self.weight.sum()
            return np.asarray(2 * penalty * logs - mean)

        result = minimize(
            loss,
            self.neutral() + np.log(start),
            jac=slopes if self.has_slopes else None,
            method="L-BFGS-B",
            bounds=[(-_REACH, _REACH)] * len(self.is_scale),
            options={"ftol": tolerance, "gtol": np.sqrt(tolerance), "maxiter": 500},
        )
        return np.asarray(result.x) if result.success else None

    def is_determined(self, logs: Floats) -> bool:
        """Tell whether the parameters are plausible and the likelihood is not flat around them.

        The information matrix is the sum of the outer products of the customers' scores (Berndt,
        Hall, Hall & Hausman 1974). Its smallest eigenvalue is the inverse of the variance in the
        direction that the data determine least.
        """
        if not (np.abs(logs) < np.log(_PLAUSIBLE)).all():
            return False
        scores = self._scores(logs)
        information = (scores * self.weight) @ scores.T
        return bool(np.linalg.eigvalsh(information)[0] > _MOST_ERROR**-2)

    def _scores(self, logs: Floats) -> Floats:
        """Differentiate the log-likelihood of each history: array (parameters, n)."""
        member = self.member(logs)
        if isinstance(member, BgNbd):
            return member.log_likelihood_slopes(*self.history)
        step = 1e-4
        above = [logs + step * row for row in np.eye(len(logs))]
        below = [logs - step * row for row in np.eye(len(logs))]
        pairs = zip(above, below, strict=True)
        return np.array(
            [(self.by_customer(up) - self.by_customer(down)) / (2 * step) for up, down in pairs]
        )
