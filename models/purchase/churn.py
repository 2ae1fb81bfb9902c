"""Churn: P(no purchase within the horizon)."""

from functools import partial
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, Columns, ResidualBooster, corrections, stack
from models.boosters.contributions import BASELINE, Parts, add_up, of_booster, of_offset
from models.boosters.search_space import Trial
from models.btyd.history import RFM, rfm_arrays
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.slices import Slices
from models.purchase.stack import Stack, fit_stack

# Below this many returning rows the boosters are left out and the BTYD model answers alone.
MIN_RETURNS = 300
_EDGE = 1e-6  # probabilities stay this far from 0 and 1
_FOLDS = 3
# The BTYD model has the word until the rows say otherwise; a log of 600 customers says little.
_START = {"btyd": 1.0, "residual": 0.0, "direct": 0.0}
_RIDGE = 20.0
_ALONE = Stack({"btyd": 1.0})
Band = Literal["low", "medium", "high", "very_high"]
_BANDS: tuple[tuple[float, Band], ...] = (
    (0.25, "low"),
    (0.5, "medium"),
    (0.75, "high"),
    (np.inf, "very_high"),
)


class ChurnSettings(msgspec.Struct, frozen=True):
    """Hyper-parameters of the two boosters.

    Attributes
    ----------
    residual : BoosterSettings
        Of the one that corrects the BTYD model's logit.
    direct : BoosterSettings
        Of the one that starts from the base rate, and so needs more rounds and less restraint.
    """

    residual: BoosterSettings = BoosterSettings(rounds=160, bins=63)
    direct: BoosterSettings = BoosterSettings(rounds=200, l2=20.0, feature_share=0.3, bins=63)


class ChurnModel(msgspec.Struct, frozen=True):
    """A stack of three logits of a purchase within H, and the season.

    `btyd` is a BTYD model's; `residual` starts from it and is corrected by a booster; `direct`
    is a booster's alone. How they are weighed was learned from rows that the boosters had not
    seen, so that with little to learn from the answer stays the BTYD model's.

    Attributes
    ----------
    horizon_days : int
        H.
    btyd : Member
        Fitted at the model's cutoff.
    quantiles : list of float
        p_churn of the population at the model's cutoff at 0, 1, ..., 100 %.
    mean_logit : float
        The BTYD model's mean logit over that population: what reasons compare a customer with.
    residual, direct : ResidualBooster or None
        None where there was too little data.
    base : float
        The logit that `direct` starts from.
    season : Season or None
        None where the log is too young to know it.
    lead : float
        Mean over that population of `score` less the BTYD model's logit.
    """

    horizon_days: int
    btyd: Member
    quantiles: list[float]
    mean_logit: float
    residual: ResidualBooster | None = None
    direct: ResidualBooster | None = None
    base: float = 0.0
    stack: Stack = _ALONE
    season: Season | None = None
    lead: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        read = [name for booster in self._boosters.values() for name in booster.columns]
        return tuple(dict.fromkeys((*RFM, *([CUTOFF_DAY] if self.season else []), *read)))

    @property
    def _boosters(self) -> dict[str, ResidualBooster]:
        both = {"residual": self.residual, "direct": self.direct}
        return {name: booster for name, booster in both.items() if booster is not None}

    @property
    def is_btyd_alone(self) -> bool:
        """Whether there was too little data for boosters."""
        return self.residual is None

    def predict(self, inputs: Columns) -> Floats:
        """Give p_churn: columns `inputs` -> one probability per row, in the rows' order."""
        return _p_churn(self.score(inputs))

    def score(self, inputs: Columns) -> Floats:
        """Give the logit of a purchase within H, one per row."""
        offset = _offset(self.btyd, inputs, self.horizon_days)
        logits = {"btyd": offset}
        starts: dict[str, Floats | float] = {"residual": offset, "direct": self.base}
        for name, correction in corrections(self._boosters, inputs).items():
            logits[name] = starts[name] + correction
        score = self.stack.score(logits)
        return score if self.season is None else score + self.season.ahead(inputs)

    def contributions(self, inputs: Columns) -> Parts:
        """Take `score` apart: the baseline, the purchase history, and a part per feature.

        The season is the same for everybody and belongs to the baseline.
        """
        weights = self.stack.weights
        offset = _offset(self.btyd, inputs, self.horizon_days)
        shift = 0.0 if self.season is None else self.season.ahead(inputs)
        fixed = weights.get("direct", 0.0) * self.base + shift
        history = weights["btyd"] + weights.get("residual", 0.0)
        parts = [
            (1.0, {BASELINE: np.broadcast_to(fixed, offset.shape)}),
            (history, of_offset(offset, self.mean_logit)),
        ]
        for name, booster in self._boosters.items():
            parts.append((weights[name], of_booster(booster, inputs)))
        return add_up(parts)

    def percentile(self, p_churn: Floats) -> NDArray[np.intp]:
        """Give the share in percent of the model's population that is less likely to churn."""
        return np.clip(np.searchsorted(self.quantiles, p_churn, side="left"), 0, 100)


def search_space(trial: Trial) -> ChurnSettings:
    """Draw the settings of both boosters: from tamer than the defaults to much wilder ones."""
    residual, direct = (
        msgspec.structs.replace(
            settings,
            rounds=trial.suggest_int(f"{name}.rounds", 60, 400, step=20),
            leaves=trial.suggest_int(f"{name}.leaves", 3, 31),
            min_rows=trial.suggest_int(f"{name}.min_rows", 50, 500, log=True),
            l2=trial.suggest_float(f"{name}.l2", 1.0, 100.0, log=True),
        )
        for name, settings in (
            ("residual", ChurnSettings().residual),
            ("direct", ChurnSettings().direct),
        )
    )
    return ChurnSettings(residual, direct)


def fit_churn(slices: Slices, settings: ChurnSettings, seed: int) -> ChurnModel:
    """Fit churn on all slices; each row starts from the BTYD model of its own cutoff."""
    mean = float(_offset(slices.btyd, slices.latest, slices.horizon_days).mean())
    unranked = ChurnModel(slices.horizon_days, slices.btyd, [], mean)
    if slices.labels["returned"].sum() >= MIN_RETURNS:
        unranked = _add_boosters(unranked, slices, settings, seed)
    score = unranked.score(slices.latest)
    quantiles = np.quantile(_p_churn(score), np.linspace(0, 1, 101))
    lead = float(score.mean()) - mean
    return msgspec.structs.replace(unranked, quantiles=quantiles.tolist(), lead=lead)


def _add_boosters(
    model: ChurnModel, slices: Slices, settings: ChurnSettings, seed: int
) -> ChurnModel:
    """Fit both boosters to all rows, and their weights to rows that they had not seen."""
    outcome = slices.labels["returned"].to_numpy(dtype=float)
    offsets = _slice_offsets(slices)
    base = float(logit(np.clip(np.average(outcome, weights=slices.weights), _EDGE, 1 - _EDGE)))
    starts = {"residual": offsets, "direct": np.full(len(outcome), base)}
    features = stack(slices.frame, slices.columns)
    everything = slice(None)  # takes no copy

    def fit(name: str, rows: NDArray[np.intp] | slice) -> ResidualBooster:
        return ResidualBooster.fit(
            features[rows],
            slices.columns,
            outcome[rows],
            (starts[name] + slices.shifts)[rows],
            getattr(settings, name),
            seed,
            weight=slices.weights[rows],
        )

    splits = _splits(slices)
    judged = np.concatenate([unseen for _, unseen in splits])
    logits = {"btyd": offsets[judged]}
    for name, start in starts.items():
        said = [fit(name, seen).correction(features[unseen]) for seen, unseen in splits]
        logits[name] = start[judged] + np.concatenate(said)
    return msgspec.structs.replace(
        model,
        residual=fit("residual", everything),
        direct=fit("direct", everything),
        base=base,
        season=slices.season,
        stack=fit_stack(
            logits, outcome[judged], _START, ridge=_RIDGE,
            shift=slices.shifts[judged], weight=slices.weights[judged],
        ),
    )  # fmt: skip


def _p_churn(score: Floats) -> Floats:
    return 1.0 - np.clip(expit(score), _EDGE, 1 - _EDGE)


def _splits(slices: Slices) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Part the rows into what boosters are fitted on, and what they are weighed on.

    Where no season is known, the latest slice is foretold from those that had closed by then, as
    the model will be asked: where rates drift, boosters that start from the base rate are too
    high or too low, and it shows there alone. With a season the latest slice is the wrong one to
    go by, and in a young log there is too little before it: a part of the customers is left out
    in turn.
    """
    cutoffs = slices.frame["cutoff"]
    closed = (cutoffs + pd.Timedelta(days=slices.horizon_days) <= cutoffs.max()).to_numpy()
    if slices.season is None and 2 * closed.sum() >= len(closed):
        return [(np.flatnonzero(closed), np.flatnonzero(cutoffs == cutoffs.max()))]
    fold = slices.frame["customer_id"].factorize()[0] % _FOLDS
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(_FOLDS)]


def _offset(btyd: Member, inputs: Columns, days: float) -> Floats:
    """Give the BTYD model's logit of a purchase within `days`."""
    x, t_x, T = rfm_arrays(inputs)
    return np.asarray(logit(np.clip(btyd.p_within(x, t_x, T, [days])[:, 0], _EDGE, 1 - _EDGE)))


def _slice_offsets(slices: Slices) -> Floats:
    """Give each row the logit of the BTYD model fitted at the row's own cutoff."""
    return slices.ask_btyds(slices.frame, partial(_offset, days=slices.horizon_days))


def band(p_churn: float) -> Band:
    """Name the band of a churn probability.

    >>> [band(p) for p in (0.1, 0.25, 0.6, 0.75)]
    ['low', 'medium', 'high', 'very_high']
    """
    return next(name for limit, name in _BANDS if p_churn < limit)
