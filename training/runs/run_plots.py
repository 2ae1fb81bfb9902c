"""Plots of a training run: calibration and cumulative gain."""

from collections.abc import Mapping

import matplotlib.figure
import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats
from training.metrics.probabilities import equal_mass_bins

_BINS = 10


def calibration_plot(
    outcome: NDArray[np.bool_], laws: Mapping[str, Floats], title: str
) -> matplotlib.figure.Figure:
    """Plot observed rates against mean probabilities, in ten bins of equal mass for each model.

    Parameters
    ----------
    outcome : bool array (n,)
        What happened.
    laws : dict of str to array (n,)
        By model, the predicted probability of it.
    title : str
        Title of the plot.

    Returns
    -------
    Figure
    """
    figure = matplotlib.figure.Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    highest = 0.0
    for name, p in laws.items():
        bins = equal_mass_bins(p, _BINS)
        predicted = [p[rows].mean() for rows in bins]
        observed = [outcome[rows].mean() for rows in bins]
        axes.plot(predicted, observed, marker="o", markersize=4, label=name)
        highest = max(highest, *predicted, *observed)
    axes.plot(
        [0, highest],
        [0, highest],
        color="0.6",
        linewidth=1,
        linestyle="--",
        label="perfect",
    )
    axes.set(title=title, xlabel="predicted probability", ylabel="share that it happened to")
    axes.legend(frameon=False)
    axes.grid(alpha=0.2)
    return figure


def lift_plot(
    outcome: NDArray[np.bool_], laws: Mapping[str, Floats], title: str
) -> matplotlib.figure.Figure:
    """Plot the cumulative gain: the share of buyers among the highest-ranked customers.

    Parameters
    ----------
    outcome : bool array (n,)
        Who bought.
    laws : dict of str to array (n,)
        By model, the predicted probability to buy.
    title : str
        Title of the plot.

    Returns
    -------
    Figure
    """
    figure = matplotlib.figure.Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    for name, p in laws.items():
        gain = np.cumsum(outcome[np.argsort(-p, kind="stable")]) / max(outcome.sum(), 1)
        # rows of equal p are one step: their order says nothing
        ends = np.cumsum(np.unique(-p, return_counts=True)[1])
        axes.plot(np.r_[0, ends / len(p)], np.r_[0, gain[ends - 1]], label=name)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="at random")
    axes.set(
        title=title,
        xlabel="share of customers asked",
        ylabel="share of buyers among them",
    )
    axes.legend(frameon=False)
    axes.grid(alpha=0.2)
    return figure
