"""A few customers to look at: their law, and the window given a return. No id stands in them."""

from string import ascii_uppercase

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin
from training.metrics.probabilities import OURS

SHARES = (0.9, 0.7, 0.5, 0.3, 0.1)
WINDOW = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}


def choose_samples(judged: JudgedOrigin) -> dict[str, int]:
    """Choose customers by quantiles of F(H): label -> row, the likeliest to buy first.

    Each is the one nearest to its quantile, the first of several; nobody is chosen twice.
    """
    chances = judged.laws[OURS][:, -1]
    rows = [int(np.abs(chances - q).argmin()) for q in np.quantile(chances, SHARES)]
    return dict(zip(_labels(), dict.fromkeys(rows), strict=False))


def sample_laws(judged: JudgedOrigin) -> pd.DataFrame:
    """Give the laws of the chosen: one row per (customer, day): `customer, days, p_within`."""
    days = np.arange(judged.horizon_days + 1)
    tables = [
        pd.DataFrame({"customer": label, "days": days, "p_within": judged.laws[OURS][row]})
        for label, row in choose_samples(judged).items()
    ]
    return pd.concat(tables, ignore_index=True)


def sample_windows(judged: JudgedOrigin) -> pd.DataFrame:
    """Give the windows of the chosen.

    Returns
    -------
    DataFrame
        One row per customer: `customer`, `p_within` (F(H)), `p10, p25, p50, p75, p90` (days
        by which they are back with that probability, given a return), `days_to_next` (what
        happened; 0 for no purchase within H).
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
    """Find where a law first reaches a share of its end, between days linearly."""
    level = share * law[-1]
    right = max(1, int(np.argmax(law >= level)))
    rise = law[right] - law[right - 1]
    return float(right - 1 + (level - law[right - 1]) / rise) if rise > 0 else float(right)


def _labels() -> list[str]:
    return [f"customer {letter}" for letter in ascii_uppercase]
