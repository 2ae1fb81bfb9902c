"""Chooses a few customers whose forecasts the report shows, without their ids."""

from string import ascii_uppercase

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin
from training.metrics.probabilities import OURS

SHARES = (0.9, 0.7, 0.5, 0.3, 0.1)
WINDOW = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}


def choose_samples(judged: JudgedOrigin) -> dict[str, int]:
    """Choose customers at fixed quantiles of our probability to buy within the horizon.

    Each is the customer nearest to its quantile, the first of several; nobody is chosen twice.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    dict of str to int
        Label, such as `customer A`, -> row of `judged.customers`; the likeliest to buy first.
    """
    chances = judged.laws[OURS][:, -1]
    rows = [int(np.abs(chances - q).argmin()) for q in np.quantile(chances, SHARES)]
    return dict(zip(_labels(), dict.fromkeys(rows), strict=False))


def sample_laws(judged: JudgedOrigin) -> pd.DataFrame:
    """Tabulate our forecast, day by day, for the sample customers.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per (customer, day 0..H): `customer` (label), `days`, `p_within` (P(next purchase
        within so many days)).
    """
    days = np.arange(judged.horizon_days + 1)
    tables = [
        pd.DataFrame({"customer": label, "days": days, "p_within": judged.laws[OURS][row]})
        for label, row in choose_samples(judged).items()
    ]
    return pd.concat(tables, ignore_index=True)


def sample_windows(judged: JudgedOrigin) -> pd.DataFrame:
    """Tabulate when the sample customers are expected back, given that they return.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per customer: `customer` (label), `p_within` (P(purchase within H)), `p10, p25, p50,
        p75, p90` (days by which they are back with that probability, given a return),
        `days_to_next` (what happened; 0 for no purchase within H).
    """
    rows = []
    for label, row in choose_samples(judged).items():
        law = judged.laws[OURS][row]
        rows.append(
            {"customer": label, "p_within": law[-1]}
            | {name: _day_of(law, share) for name, share in WINDOW.items()}
            | {"days_to_next": int(judged.days_to_next[row])}
        )
    return pd.DataFrame(rows)


def _day_of(law: Floats, share: float) -> float:
    """Find the day on which a law reaches a share of its last value, interpolated linearly."""
    level = share * law[-1]
    right = max(1, int(np.argmax(law >= level)))
    rise = law[right] - law[right - 1]
    return float(right - 1 + (level - law[right - 1]) / rise) if rise > 0 else float(right)


def _labels() -> list[str]:
    return [f"customer {letter}" for letter in ascii_uppercase]
