"""Collects what is judged at an origin: the forecasts of several models, and what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.arrays import Floats
from features.catalog.dictionary import make_catalog
from features.language.feature import Derived
from features.language.vocabulary import Vocabulary
from models.kinds import CHURN, TIMING, ModelKind
from models.purchase.churn import ChurnModel
from models.purchase.forecast import P_WITHIN_DAYS, make_forecast
from models.purchase.timing import TimingModel
from training.metrics.probabilities import OURS
from training.purchase.study import Origin, PurchaseStudy
from training.runs.candidates import Candidate

_SEGMENT = "rfm_segment"


@dataclass(frozen=True)
class JudgedOrigin:
    """The forecasts of all models for the customers at one cutoff, with the outcomes.

    Attributes
    ----------
    split : str
        `valid` (choices were made on it) or `holdout` (it is looked at once).
    customers : DataFrame
        One row per customer (n rows): `customer_id, cutoff, frequency, rfm_segment`, and
        `expected_spend` (minor units within H) where spend was fitted.
    labels : DataFrame
        Row by row with `customers`, from `training.labels.make_labels`.
    laws : dict of str to array (n, H + 1)
        By model, P(next purchase within h days) for h = 0..H; ours is named
        `training.metrics.probabilities.OURS`.
    """

    split: str
    customers: pd.DataFrame
    labels: pd.DataFrame
    laws: Mapping[str, Floats]

    @property
    def cutoff(self) -> pd.Timestamp:
        """The judged cutoff in UTC; every model was fitted on what was known then."""
        return pd.Timestamp(self.customers["cutoff"].iloc[0])

    @property
    def horizon_days(self) -> int:
        """The horizon H in days: how far forecasts and outcomes reach after the cutoff."""
        return int(next(iter(self.laws.values())).shape[1]) - 1

    @property
    def days_to_next(self) -> NDArray[np.int_]:
        """Days from the cutoff to each customer's next purchase.

        An int array (n,): the first whole h with a purchase within h days, 1..H; 0 without one.
        """
        return self.labels["days_to_next"].to_numpy()

    @property
    def horizons(self) -> list[int]:
        """The days after the cutoff at which probabilities are examined, ascending.

        Those that an answer of the service names, and the horizon H itself.
        """
        return sorted({h for h in P_WITHIN_DAYS if h < self.horizon_days} | {self.horizon_days})

    def bought_within(self, days: int) -> NDArray[np.bool_]:
        """Mark the customers who bought within a number of days after the cutoff.

        Parameters
        ----------
        days : int
            1..H.

        Returns
        -------
        bool array (n,)
        """
        return (self.days_to_next > 0) & (self.days_to_next <= days)


@dataclass(frozen=True)
class Evaluation:
    """All judged origins of one training.

    Attributes
    ----------
    origins : sequence of JudgedOrigin
        The earliest first.
    """

    origins: Sequence[JudgedOrigin]

    @property
    def test(self) -> JudgedOrigin:
        """The origin that decides: the holdout, or the validation origin without one."""
        return self.origins[-1]

    @property
    def rivals(self) -> list[str]:
        """Names of the baselines that our forecast is compared with."""
        return [name for name in self.test.laws if name != OURS]


def evaluate(study: PurchaseStudy | None, candidates: Sequence[Candidate]) -> Evaluation | None:
    """Judge our forecast and every baseline at the origins of a training.

    Each candidate brings the model that was fitted for each origin, so that nothing but the
    baselines is fitted here.

    Parameters
    ----------
    study : PurchaseStudy or None
        Slices and origins of the training; None where it trained no purchase model.
    candidates : sequence of Candidate
        The trained models.

    Returns
    -------
    Evaluation or None
        None where churn and timing were not trained together.
    """
    tested = {candidate.head.kind: candidate.tested for candidate in candidates}
    if study is None or not {CHURN, TIMING} <= tested.keys():
        return None
    vocabulary = next(c.head.vocabulary for c in candidates if c.head.kind == "churn")
    return Evaluation([_judge(origin, tested, vocabulary) for origin in study.origins])


def _judge(
    origin: Origin, tested: Mapping[ModelKind, Mapping[str, object]], vocabulary: Vocabulary
) -> JudgedOrigin:
    churn, timing = (tested[kind][origin.split] for kind in (CHURN, TIMING))
    assert isinstance(churn, ChurnModel) and isinstance(timing, TimingModel)
    forecast = make_forecast(churn, timing, origin.population)
    customers = origin.population[["customer_id", "cutoff", "frequency"]].assign(
        rfm_segment=rfm_segments(origin.population, vocabulary)
    )
    if forecast.expected_spend is not None:
        customers["expected_spend"] = forecast.expected_spend
    ours = forecast.within[:, : forecast.horizon_days + 1]
    return JudgedOrigin(
        origin.split,
        customers,
        origin.labels,
        {OURS: ours} | origin.baseline_laws,
    )


def rfm_segments(population: pd.DataFrame, vocabulary: Vocabulary) -> NDArray[np.object_]:
    """Name each customer's RFM segment, as the feature `rfm_segment` declares it.

    A model reads no texts, so that a population holds only the three scores that the segment is
    made of.

    Parameters
    ----------
    population : DataFrame
        One row per customer (n rows), with the features that `rfm_segment` is derived from.
    vocabulary : Vocabulary
        Names of channels, stores and categories that the features were declared with.

    Returns
    -------
    object array (n,)
        Names of segments; None where a score is missing, as in a shop without amounts.
    """
    catalog = make_catalog(vocabulary)
    if _SEGMENT not in catalog:
        return np.full(len(population), None, dtype=object)
    segment = catalog[_SEGMENT]
    assert isinstance(segment, Derived)
    scores = {
        name: pa.array(population[name].to_numpy(dtype=float), from_pandas=True)  # NaN is NULL
        for name in sorted(segment.inputs)
    }
    with duckdb.connect() as connection:
        named = connection.from_arrow(pa.table(scores)).project(segment.expression).fetchall()
    return np.array([row[0] for row in named], dtype=object)
