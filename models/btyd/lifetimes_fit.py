"""lifetimes' maximum likelihood of BG/NBD and MBG/NBD; the only module that imports it."""

import io
import warnings
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pandas as pd

from models.btyd.history import WEEK
from models.btyd.member import MemberName

FITTERS: dict[MemberName, str] = {"bg_nbd": "BetaGeoFitter", "mbg_nbd": "ModifiedBetaGeoFitter"}


def fit_by_lifetimes(name: MemberName, counted: pd.DataFrame) -> dict[str, float] | None:
    """Give the parameters of the plain likelihood, times in weeks; None without convergence.

    `frequency, recency, T, weight`, one row per distinct history.
    """
    lifetimes = import_lifetimes()
    fitter = getattr(lifetimes, FITTERS[name])()
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
        except (lifetimes.fitters.ConvergenceError, np.linalg.LinAlgError):
            return None
    parameters = {str(name): float(value) for name, value in fitter.params_.items()}
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
