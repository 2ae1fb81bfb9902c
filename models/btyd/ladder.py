"""The fit of a member, rung by rung: there is always one, and it says how far it can be trusted.

1. lifetimes' maximum likelihood, for the two members that it has;
2. the likelihood here, in a unit of time taken from the data, from several starting points;
3. the same with a looser tolerance;
4. with a growing penalty on the logarithms of the parameters;
5. without any optimisation: the shop's rate of purchases, and every shape 1.

A fit on rungs 1-3 is `unreliable` where the likelihood is flat around it or a parameter is at
the edge of what is plausible; on rungs 4-5 it always is.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from features.arrays import Floats
from models.btyd.history import WEEK, count_equal, rfm_arrays
from models.btyd.lifetimes_fit import FITTERS, fit_by_lifetimes
from models.btyd.member import SCALES, Member, MemberName, make_member, parameters_of

PENALTIES = (0.001, 0.01, 0.1, 1.0)
_YEAR = 52.0  # weeks; the unit where nobody has been seen for any time
_STARTS = (1.0, 0.3, 3.0)  # of every parameter, times in the unit of the data
_TIGHT, _LOOSE = 1e-13, 1e-8  # relative change of the mean log-likelihood that ends the search
_REACH = 14.0  # the search keeps the logarithms within +- it
_FLAT = 1e6  # worse than any mean log-likelihood; stands for one that is not a number
# A parameter outside, times in the unit of the data, says that the model is at one of its limits:
# nobody ever drops out, everybody does, all customers are alike.
_PLAUSIBLE = 1e3  # and 1 over it
# Standard error of a log-parameter, in its least certain direction, that still counts as pinned
# down: a factor of seven either way.
_PINNED = 2.0


def fit_member(frame: pd.DataFrame, name: MemberName = "bg_nbd") -> Member:
    """Fit a member to `frequency, recency, T` in days, one row per customer.

    Equal customers are fitted as one with a weight. Never fails where the frame has a row and
    0 <= recency <= T; see the module for what is tried in turn.
    """
    counted = count_equal(frame)
    likelihood = _Likelihood(name, counted)
    for penalty, logs in _rungs(name, counted, likelihood):
        if logs is not None and np.isfinite(likelihood.mean(logs)):
            doubtful = penalty > 0 or not likelihood.pins_down(logs)
            return likelihood.member(logs, penalty=penalty, unreliable=doubtful)
    return likelihood.member(likelihood.neutral(), penalty=PENALTIES[-1], unreliable=True)


def _rungs(
    name: MemberName, counted: pd.DataFrame, likelihood: "_Likelihood"
) -> Iterator[tuple[float, Floats | None]]:
    """Try one way after the other; each gives its penalty, and logarithms of the parameters."""
    if name in FITTERS:
        found = fit_by_lifetimes(name, counted)
        yield 0.0, None if found is None else likelihood.logs(found)
    for tolerance in (_TIGHT, _LOOSE):
        for start in _STARTS:
            yield 0.0, likelihood.search(start, 0.0, tolerance)
    for penalty in PENALTIES:
        yield penalty, likelihood.search(1.0, penalty, _LOOSE)


class _Likelihood:
    """The likelihood of one member over a shop, by the logarithms of its parameters.

    Times are in `unit` weeks, the shop's mean time per purchase, so that every parameter of
    every shop is around 1.
    """

    def __init__(self, name: MemberName, counted: pd.DataFrame) -> None:
        self.name = name
        self.history = rfm_arrays(counted)
        self.weight = counted["weight"].to_numpy(dtype=float)
        x, _, T = self.history
        weeks = float((T * self.weight).sum()) / WEEK
        self.unit = weeks / float(((x + 1) * self.weight).sum()) if weeks > 0 else _YEAR
        self.is_scale = np.array([parameter in SCALES for parameter in parameters_of(name)])

    def member(self, logs: Floats, *, penalty: float = 0.0, unreliable: bool = False) -> Member:
        values = np.exp(logs) * np.where(self.is_scale, self.unit, 1.0)
        parameters = dict(zip(parameters_of(self.name), values.tolist(), strict=True))
        return make_member(self.name, parameters, penalty=penalty, unreliable=unreliable)

    def logs(self, parameters: dict[str, float]) -> Floats:
        values = np.array([parameters[name] for name in parameters_of(self.name)])
        return np.asarray(np.log(values / np.where(self.is_scale, self.unit, 1.0)))

    def neutral(self) -> Floats:
        """Every shape 1, every time the mean one per purchase."""
        return np.zeros(len(self.is_scale))

    def by_customer(self, logs: Floats) -> Floats:
        return self.member(logs).log_likelihood(*self.history)

    def mean(self, logs: Floats) -> float:
        return float(self.by_customer(logs) @ self.weight / self.weight.sum())

    def search(self, start: float, penalty: float, tolerance: float) -> Floats | None:
        """Maximise the penalised mean; None without convergence."""

        def loss(logs: Floats) -> float:
            value = penalty * float(logs @ logs) - self.mean(logs)
            return value if np.isfinite(value) else _FLAT

        found = minimize(
            loss,
            self.neutral() + np.log(start),
            method="L-BFGS-B",
            bounds=[(-_REACH, _REACH)] * len(self.is_scale),
            options={"ftol": tolerance, "gtol": np.sqrt(tolerance), "maxiter": 500},
        )
        return np.asarray(found.x) if found.success else None

    def pins_down(self, logs: Floats) -> bool:
        """Say whether the likelihood tells these parameters from others.

        The information is the outer product of the customers' scores (Berndt, Hall, Hall &
        Hausman 1974); its smallest eigenvalue is the inverse variance of the direction that
        the data say least about.
        """
        if not (np.abs(logs) < np.log(_PLAUSIBLE)).all():
            return False
        scores = self._scores(logs)
        information = (scores * self.weight) @ scores.T
        return bool(np.linalg.eigvalsh(information)[0] > _PINNED**-2)

    def _scores(self, logs: Floats) -> Floats:
        """Differentiate each customer's likelihood: array (parameters, customers)."""
        step = 1e-4
        sides = [logs + step * row for row in np.eye(len(logs))]
        others = [logs - step * row for row in np.eye(len(logs))]
        pairs = zip(sides, others, strict=True)
        return np.array(
            [(self.by_customer(up) - self.by_customer(down)) / (2 * step) for up, down in pairs]
        )
