"""Prepares a training of the purchase models: slices to fit on, origins to judge at."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import pandas as pd

from features.arrays import Floats
from features.builds.shop_catalog import read_catalog
from features.errors import refuse
from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import DAY, to_datetime
from models.purchase.slices import Slices
from training.purchase.baselines import BASELINES
from training.purchase.populations import PopulationCache
from training.purchase.slice_cutoffs import check_history, has_history, walk_training_origins
from training.purchase.slices import make_slice, make_slices


@dataclass(frozen=True)
class Origin:
    """A cutoff with outcomes, at which a model fitted on its slices can be judged.

    Attributes
    ----------
    split : str
        `train`, `valid` (choices are made on it) or `holdout` (it is looked at once).
    slices : Slices
        What a model judged here is fitted on: nothing that was not known at the cutoff.
    population : DataFrame
        One row per customer (n rows): `customer_id, cutoff` and the features.
    labels : DataFrame
        Row by row with `population`, from `training.labels.make_labels`.
    """

    split: str
    slices: Slices
    population: pd.DataFrame
    labels: pd.DataFrame

    @cached_property
    def baseline_laws(self) -> dict[str, Floats]:
        """Forecasts of every baseline for the population, each fitted on the slices.

        By the baseline's name, P(next purchase within h days) for h = 0..H: array (n, H + 1).
        """
        return {n: baseline(self.slices, self.population) for n, baseline in BASELINES.items()}


@dataclass(frozen=True)
class PurchaseStudy:
    """Data of one training of the purchase models at one cutoff.

    Attributes
    ----------
    slices : Slices
        What the registered model is fitted on: everything known at the cutoff.
    catalog : Catalog
        The features, as known at the cutoff.
    valids : tuple of Origin
        The latest cutoffs whose outcomes are known at this one, the last one first: all that
        settings are chosen on. Empty where the history is too short.
    holdout : Origin or None
        At the cutoff itself; None where its outcomes are not observed yet.
    test : Origin
        What a promotion is judged at: the holdout where there is one, else valid.
    """

    slices: Slices
    catalog: Catalog
    valids: tuple[Origin, ...]
    holdout: Origin | None
    test: Origin

    @property
    def valid(self) -> Origin | None:
        """The latest validation origin, one horizon before the cutoff; None in a short history."""
        return self.valids[0] if self.valids else None

    @property
    def origins(self) -> list[Origin]:
        """The one or two origins that are reported on: validation, then holdout."""
        return [origin for origin in (self.valid, self.holdout) if origin is not None]

    @property
    def train(self) -> Origin:
        """The rows that the registered model is fitted on, as an origin to score its fit."""
        return Origin("train", self.slices, self.slices.frame, self.slices.labels)


def make_study(log: Log, cutoff: int, valids: int = 1) -> PurchaseStudy:
    """Build the data of a training at a cutoff, the last instant that registered models may know.

    The end of the data gives models for production, judged one horizon earlier.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        UTC microseconds.
    valids : int
        Validation origins at most. They lie a stride apart, as slices do, so that they share
        most of what is built for them.

    Returns
    -------
    PurchaseStudy

    Raises
    ------
    InputError
        The history before the cutoff is too short.
    """
    horizon = log.shop.section.horizon_days
    check_history(log, cutoff, horizon)
    catalog = read_catalog(log, cutoff).without_texts()
    populations = PopulationCache(log, catalog)
    slices = make_slices(log, cutoff, horizon, catalog, populations)
    holdout = None
    if cutoff + (horizon + log.shop.section.settle_days) * DAY <= log.observed_until:
        known_until = log.observed_until
        labelled = make_slice(log, cutoff, horizon, catalog, known_until, populations)
        holdout = Origin("holdout", slices, *labelled)
    valid_origins = tuple(_make_valids(log, slices, catalog, populations, valids))
    test = holdout or next(iter(valid_origins), None)
    if test is None:
        needed = 2 * horizon + log.shop.section.settle_days
        raise refuse(
            "cutoff",
            f"enough history to judge the models: about {needed} days before it, or "
            f"{horizon} days observed after it",
            f"{to_datetime(cutoff):%Y-%m-%d %H:%M} UTC",
            "Use an earlier cutoff, bring a longer history or a shorter shop.horizon_days.",
        )
    return PurchaseStudy(slices, catalog, valid_origins, holdout, test)


def _make_valids(
    log: Log, slices: Slices, catalog: Catalog, populations: PopulationCache, count: int
) -> Iterator[Origin]:
    """Build the latest origins closed at the cutoff that have slices of their own to fit on."""
    horizon = slices.horizon_days
    for cutoff in islice(walk_training_origins(log, slices.cutoff, horizon), count):
        if has_history(log, cutoff, horizon):
            fitted_on = make_slices(log, cutoff, horizon, catalog, populations)
            labelled = make_slice(log, cutoff, horizon, catalog, slices.cutoff, populations)
            yield Origin("valid", fitted_on, *labelled)
