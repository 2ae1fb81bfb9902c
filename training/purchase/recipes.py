"""Recipes of the two purchase models: how each is fitted, searched and judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models import kinds
from models.boosters.search_trial import Trial
from models.crps import crps
from models.purchase import churn_fit, timing_fit
from models.purchase.churn import ChurnModel
from models.purchase.churn_fit import ChurnSettings
from models.purchase.slices import Slices
from models.purchase.timing import TimingModel
from training.metrics.probabilities import mean_log_loss
from training.purchase.study import Origin


@dataclass(frozen=True)
class ModelRecipe:
    """How one purchase model is fitted, and how its settings are searched.

    Attributes
    ----------
    kind : ModelKind
        The model's registered name.
    defaults : settings of the model
        Settings that it is fitted with unless a search finds better ones; the first trial of each
        search.
    search_space : callable
        Trial -> settings; it is defined beside the model.
    fit : callable
        (slices, settings, seed) -> model.
    metric : str
        Name of `loss`.
    loss : callable
        (model, origin) -> float that a search minimises. It is a proper score, so that neither an
        over-confident nor a timid model gains by it.
    """

    kind: kinds.ModelKind
    defaults: Any
    search_space: Callable[[Trial], Any]
    fit: Callable[[Slices, Any, int], Any]
    metric: str
    loss: Callable[[Any, Origin], float]


def _churn_loss(model: ChurnModel, origin: Origin) -> float:
    returned = origin.labels["returned"].to_numpy()
    return mean_log_loss(returned, 1 - model.predict(origin.population))


def _timing_loss(model: TimingModel, origin: Origin) -> float:
    """Score the law of those who returned, which is all that the timing model predicts.

    CRPS is used and not the log-loss of the hazards: it is in days, it is what promotion judges,
    and it does not change with the intervals that the horizon happens to be cut into.
    """
    returned = origin.labels["returned"]
    law = model.given_return(origin.population[returned])
    return crps(origin.labels.loc[returned, "days_to_next"].to_numpy(), law)


CHURN = ModelRecipe(
    kinds.CHURN,
    ChurnSettings(),
    churn_fit.search_space,
    churn_fit.fit_churn,
    "log_loss",
    _churn_loss,
)
TIMING = ModelRecipe(
    kinds.TIMING,
    timing_fit.DEFAULTS,
    timing_fit.search_space,
    timing_fit.fit_timing,
    "crps",
    _timing_loss,
)
