"""What the chance of the draws alone adds to a measured uplift, and how to take it off.

Two worlds of 60,000 decisions differ by half a point in who happened to draw what, and a channel
model can only follow its log. That part is known, because the true chances are: it is the error
of the plainest right estimate, the difference of means weighted by the logged chances. Its mean
over worlds is 0, so that it serves as a control variate: what a model's bias shares with it over
seeds is taken off, and the standard error shrinks (Owen, Monte Carlo theory, methods and
examples, section 8.9).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.channel.consent_settings import CHANNELS
from models.arms import NO_MESSAGE

_POINTS = 100  # percentage points
_FEWEST = 4  # seeds from which a slope may be fitted


def draw_errors(decisions: pd.DataFrame) -> dict[str, float]:
    """Compute the error of a difference of weighted means, channel against `none`.

    Parameters
    ----------
    decisions : DataFrame
        One row per decision, from `make_world_rows`: `channel`, `propensity`, `bought`, and for
        each arm `true <arm>` and `eligible <arm>`.

    Returns
    -------
    dict of str to float
        By channel, percentage points, over the drawn decisions in which it was eligible. The
        true chance of the drawn arm is taken off each outcome, so that only chance is left.
    """
    drawn = decisions[decisions["propensity"].notna()]
    arm, true = drawn["channel"].to_numpy(), drawn[f"true {NO_MESSAGE}"].to_numpy(dtype=float)
    for channel in CHANNELS:
        true = np.where(arm == channel, drawn[f"true {channel}"], true)
    surprise = (drawn["bought"].to_numpy(dtype=float) - true) / drawn["propensity"].to_numpy()
    errors = {}
    for channel in CHANNELS:
        signed = surprise * (arm == channel) - surprise * (arm == NO_MESSAGE)
        able = drawn[f"eligible {channel}"].to_numpy(dtype=bool)
        errors[channel] = _POINTS * float(signed[able].mean())
    return errors


def take_off_draw_errors(biases: Sequence[float], errors: Sequence[float]) -> list[float]:
    """Take the part that biases share with the errors of the draws off them.

    Parameters
    ----------
    biases : sequence of float
        Stated uplift less the true one, one for each seed (n seeds).
    errors : sequence of float
        The error of the draws of each seed (n), whose mean over all worlds is 0.

    Returns
    -------
    list of float
        Each bias less its slope on the error times the error (n); as they came where they are
        fewer than 4.
    """
    bias, error = np.asarray(biases, dtype=float), np.asarray(errors, dtype=float)
    if len(bias) < _FEWEST:
        return list(biases)
    slope = np.cov(bias, error)[0, 1] / error.var(ddof=1)
    adjusted: list[float] = (bias - slope * error).tolist()
    return adjusted
