"""Repurchase timing: when, given a return within the horizon; and what it will be worth."""

from collections.abc import Sequence
from functools import lru_cache, partial

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, Columns, ResidualBooster, stack
from models.boosters.contributions import BASELINE, Parts, add_up, of_booster, of_offset
from models.boosters.search_space import Trial
from models.btyd.history import RFM, Days, rfm_arrays
from models.btyd.member import Member
from models.purchase.imputed_returns import ImputedReturns, closed_returners, make_returners
from models.purchase.season import CUTOFF_DAY, Season, fit_season
from models.purchase.slices import Slices, cutoff_days
from models.purchase.value import (
    GammaGamma,
    PurchaseCount,
    fit_count,
    fit_gamma_gamma,
    further_purchases,
)

# Below this many returning rows the booster is left out and BG/NBD's own timing answers.
MIN_RETURNS = 1000
DEFAULTS = BoosterSettings(rounds=160, bins=63)
_EDGE = 1e-6
_CARRIED = 0.5  # of the models' differences from BG/NBD within H, beyond it
_EDGES_OF_90 = (3, 7, 10, 14, 21, 30, 45, 60, 75, 90)
_INTERVAL = "interval"  # the booster's name for the place of an interval, its last column
_ALL = slice(None)


class TimingModel(msgspec.Struct, frozen=True):
    """A discrete hazard of the return, given that there is one within H.

    The horizon is cut into intervals; in each a LightGBM booster corrects the conditional
    BG/NBD hazard. The last interval's hazard is 1, so that G(H) = 1 by construction.

    Attributes
    ----------
    edges : list of int
        Last days of the intervals; the last one is H.
    gamma_gamma : GammaGamma or None
        Spend per purchase day; None with too few repeat buyers.
    mean_logits : list of float
        BG/NBD's mean logit of the hazard over the population at the model's cutoff, one per
        interval but the last: what reasons compare a customer with.
    seasons : list of Season
        The shift of each interval's hazard but the last's; empty where it is not known.
    count : PurchaseCount or None
        Corrects BG/NBD's expectation of the purchases after the first within H; None where
        there is no `booster`.
    """

    horizon_days: int
    edges: list[int]
    btyd: Member
    booster: ResidualBooster | None
    gamma_gamma: GammaGamma | None
    mean_logits: list[float]
    seasons: list[Season] = []
    count: PurchaseCount | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        boosters = [self.booster, self.count.booster if self.count else None]
        columns = [name for booster in boosters if booster for name in booster.columns]
        own = (name for name in columns if name != _INTERVAL)
        day = [CUTOFF_DAY] if self.seasons else []
        return tuple(dict.fromkeys((*RFM, "monetary_value", *day, *own)))

    def given_return(self, inputs: Columns) -> Floats:
        """Give G(h) = P(purchase within h days | one within H) for h = 0, 1, ..., H.

        Columns `inputs` -> array (rows, H + 1), never falling along a row, 0 at h = 0 and 1 at
        H; within an interval it is linear.
        """
        survival = np.cumprod(1.0 - expit(self._logits(inputs)), axis=1)
        at_edges = np.column_stack([1.0 - survival, np.ones(len(survival))])
        return _to_days(at_edges, self.edges)

    def _logits(self, inputs: Columns) -> Floats:
        """Give the logit of each interval's hazard but the last's: (rows, intervals - 1)."""
        logits = logit(conditional_hazards(self.btyd, inputs, self.edges))
        if self.booster is None:
            return np.asarray(logits)
        logits = logits + self._shifts(inputs)
        rows = _person_intervals(inputs, self.booster.columns, logits.shape[1])
        return np.asarray(logits + self.booster.correction(rows).reshape(logits.shape))

    def _shifts(self, inputs: Columns) -> Floats | float:
        """Give the season's shift of each interval's hazard but the last's."""
        if not self.seasons:
            return 0.0
        return np.column_stack([season.ahead(inputs) for season in self.seasons])

    @property
    def weights(self) -> Floats:
        """What each interval but the last counts for in `speed`; they sum to 1.

        An interval counts by the chance that BG/NBD's average customer, who returns, is still
        awaited at its start. They are the same for all, so that customers can be compared.
        """
        awaited = np.cumprod([1.0, *(1.0 - expit(self.mean_logits[:-1]))])
        return np.asarray(awaited / awaited.sum())

    def speed(self, inputs: Columns) -> Floats:
        """Give how soon a returning customer is back: mean hazard log-odds, one per row."""
        return np.asarray(self._logits(inputs) @ self.weights)

    def contributions(self, inputs: Columns) -> Parts:
        """Take `speed` apart: the baseline, the purchase history, and a part per feature.

        What the booster says of an interval's place, and the season, belong to the baseline:
        they are no facts of a customer.
        """
        offset = logit(conditional_hazards(self.btyd, inputs, self.edges)) @ self.weights
        parts = [of_offset(offset, float(self.weights @ self.mean_logits))]
        if self.booster is not None:
            rows = _person_intervals(inputs, self.booster.columns, len(self.mean_logits))
            over = of_booster(self.booster, rows)
            own = {name: v.reshape(len(offset), -1) @ self.weights for name, v in over.items()}
            season = np.broadcast_to(self._shifts(inputs), (len(offset), len(self.weights)))
            own[BASELINE] = own[BASELINE] + own.pop(_INTERVAL) + season @ self.weights
            parts.append(own)
        return add_up((1.0, part) for part in parts)

    def expected_purchases_given_return(self, inputs: Columns) -> Floats:
        """Give E(purchase days within H | at least one): at least 1, at most H."""
        further = further_purchases(self.btyd, inputs, self.horizon_days)
        if self.count is not None:
            further = self.count.correct(further, inputs)
        return np.minimum(1.0 + further, self.horizon_days)

    def expected_spend_per_purchase(self, inputs: Columns) -> Floats | None:
        """Give the expected minor units of a purchase day; None where they were not fitted."""
        if self.gamma_gamma is None:
            return None
        return self.gamma_gamma.expected_spend(
            np.asarray(inputs["frequency"], dtype=float),
            np.asarray(inputs["monetary_value"], dtype=float),
        )

    def tail(self, inputs: Columns, days: Days, p_return: Floats, lead: float) -> Floats:
        """Give P(no purchase within h days | none within H) for days h beyond H.

        BG/NBD's, its odds of a return tilted by what the models know of the customer beside the
        purchase dates: by how much `p_return` = F(H) exceeds BG/NBD's own, on the logit scale
        and by halves. What it exceeds for everybody, `lead`, is no news of the customer, and on
        real logs did not outlast the horizon.

        Returns
        -------
        array (rows, len(days))
            Never rising in h, and 1 towards H.
        """
        x, t_x, T = rfm_arrays(inputs)
        within = self.btyd.p_within(x, t_x, T, np.append(self.horizon_days, days))
        left = np.minimum((1.0 - within[:, 1:]) / np.maximum(1.0 - within[:, :1], _EDGE), 1.0)
        own, theirs = (np.clip(p, _EDGE, 1 - _EDGE) for p in (p_return, within[:, 0]))
        tilt = np.exp(_CARRIED * (logit(own) - logit(theirs) - lead))[:, None]
        return np.asarray(left / (left + tilt * (1.0 - left)))


def search_space(trial: Trial) -> BoosterSettings:
    """Draw the settings of the booster, which sees a row per interval of a returner."""
    return msgspec.structs.replace(
        DEFAULTS,
        rounds=trial.suggest_int("rounds", 60, 400, step=20),
        leaves=trial.suggest_int("leaves", 3, 31),
        min_rows=trial.suggest_int("min_rows", 100, 1000, log=True),
        l2=trial.suggest_float("l2", 1.0, 100.0, log=True),
    )


def fit_timing(slices: Slices, settings: BoosterSettings, seed: int) -> TimingModel:
    """Fit timing on the returning rows of all slices, and spend on the latest population."""
    edges = interval_edges(slices.horizon_days)
    booster, count, seasons = None, None, list[Season]()
    if slices.labels["returned"].sum() >= MIN_RETURNS:
        returners = make_returners(slices, seed)
        seasons = _fit_seasons(slices, returners, edges)
        booster = _fit_booster(slices, returners, edges, seasons, settings, seed)
        count = fit_count(slices, seed)
    spend = fit_gamma_gamma(slices.latest)
    mean = logit(conditional_hazards(slices.btyd, slices.latest, edges)).mean(axis=0)
    return TimingModel(
        slices.horizon_days, edges, slices.btyd, booster, spend, mean.tolist(), seasons, count
    )


def interval_edges(horizon_days: int) -> list[int]:
    """Cut a horizon into intervals, finer at its start.

    >>> interval_edges(30)
    [1, 2, 3, 5, 7, 10, 15, 20, 25, 30]
    """
    scaled = (max(1, round(edge * horizon_days / 90)) for edge in _EDGES_OF_90)
    return sorted(set(scaled))


def conditional_hazards(btyd: Member, inputs: Columns, edges: Sequence[int]) -> Floats:
    """Give BG/NBD's hazard of each interval but the last, given a return within H.

    Array (rows, intervals - 1), away from 0 and 1.
    """
    x, t_x, T = rfm_arrays(inputs)
    return np.clip(btyd.return_hazards(x, t_x, T, edges), _EDGE, 1 - _EDGE)


def _fit_seasons(slices: Slices, returners: ImputedReturns, edges: Sequence[int]) -> list[Season]:
    """Fit the season of each interval's hazard, over the returners who reached the interval."""
    if slices.year_ago is None:
        return []
    year_ago = closed_returners(*slices.year_ago, slices.horizon_days)
    parts = [
        (part.frame, part.awaited(edges), part.came(edges))
        for part in (year_ago, *returners.by_cutoff())
    ]
    seasons = []
    for place in range(len(edges) - 1):
        known = [
            (frame[awaited[:, place]], came[awaited[:, place], place])
            for frame, awaited, came in parts
            if awaited[:, place].any()
        ]
        frames, outcomes = zip(*known, strict=True)
        seasons.append(fit_season(frames, outcomes, cutoff_days(frames)))
    return seasons


def _fit_booster(
    slices: Slices,
    returners: ImputedReturns,
    edges: Sequence[int],
    seasons: Sequence[Season],
    settings: BoosterSettings,
    seed: int,
) -> ResidualBooster:
    """Fit to a row per returner and interval that was awaited and is known to its end.

    The last interval is left out: its hazard is 1.
    """
    frame, intervals = returners.frame, len(edges) - 1
    offsets = logit(slices.ask_btyds(frame, partial(conditional_hazards, edges=edges)))
    if seasons:
        day = frame[CUTOFF_DAY].to_numpy(dtype=float)
        offsets = offsets + np.column_stack([season.at(day) for season in seasons])
    at_risk = returners.awaited(edges).ravel()
    outcome = returners.came(edges).ravel()[at_risk]
    names = (*slices.columns, _INTERVAL)
    return ResidualBooster.fit(
        _person_intervals(frame, names, intervals, at_risk),
        names,
        outcome,
        offsets.ravel()[at_risk],
        settings,
        seed,
        weight=returners.weights.repeat(intervals)[at_risk],
    )


def _person_intervals(
    inputs: Columns,
    columns: Sequence[str],
    intervals: int,
    kept: NDArray[np.bool_] | slice = _ALL,
) -> Floats:
    """Repeat each row once per interval, with the interval's place as the last column.

    Matrix (rows * intervals, columns); of these rows those that are `kept`.
    """
    own = stack(inputs, columns[:-1])
    wide = np.column_stack([own, np.zeros(len(own))])
    rows = wide[np.repeat(np.arange(len(own)), intervals)[kept]]
    rows[:, -1] = np.tile(np.arange(intervals), len(own))[kept]
    return rows


def _to_days(at_edges: Floats, edges: Sequence[int]) -> Floats:
    """Interpolate a law given at the edges to days 0..H, linearly."""
    right, share = _knots(tuple(edges))
    law = np.column_stack([np.zeros(len(at_edges)), at_edges])
    return np.asarray(law[:, right - 1] * (1 - share) + law[:, right] * share)


@lru_cache
def _knots(edges: tuple[int, ...]) -> tuple[NDArray[np.intp], Floats]:
    """Find which edge each day 0..H comes before, and how much of the way to it has passed."""
    days = np.arange(edges[-1] + 1)
    knots = np.array([0, *edges])
    right = np.clip(np.searchsorted(knots, days), 1, len(edges))
    return right, (days - knots[right - 1]) / (knots[right] - knots[right - 1])
