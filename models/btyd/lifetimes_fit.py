"""Fits BG/NBD and MBG/NBD with the library lifetimes; no other module imports it directly."""

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
    """Fit a member by maximum likelihood with lifetimes.

    Parameters
    ----------
    name : str
        One of the keys of `FITTERS`.
    counted : DataFrame
        `frequency, recency, T, weight`, one row per distinct history, times in days.

    Returns
    -------
    dict of str to float, or None
        Parameters by name, times in weeks; None if the search did not converge.
    """
    lifetimes = import_lifetimes()
    fitter = getattr(lifetimes, FITTERS[name])()
    # lifetimes warns of overflow during the search and prints the optimiser's report
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
    """Import lifetimes without the effects that its import has on the whole process.

    Its import silences every FutureWarning and sets a pandas option that pandas 3 deprecates.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chained = pd.get_option("mode.chained_assignment")
        import lifetimes
        import lifetimes.utils

        pd.set_option("mode.chained_assignment", chained)
    return lifetimes
