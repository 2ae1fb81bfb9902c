"""Best channel: P(purchase within a window after a message), by channel, `none` among them.

A LightGBM base says how likely a purchase is whatever is sent; each channel adds an effect on
the logit scale, fitted with shrinkage. Where the shop has sent at random, the effects come
from those sends alone and are causal; where it has not, one association per channel is all
the data can say, and no uplift is given.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.booster import BoosterSettings, Columns, ResidualBooster

Floats = NDArray[np.float64]
Level = Literal["observational", "exploring"]

NO_MESSAGE = "none"
# Randomised sends that every arm, `none` included, needs before effects are called causal.
MIN_RANDOMISED = 200
# Prior spread of an effect on the logit scale: of a channel, and of a customer's difference.
_CHANNEL_SPREAD = 1.0
_CUSTOMER_SPREAD = 0.3
_NEWTON_STEPS = 25


class ChannelEffect(msgspec.Struct, frozen=True):
    """Posterior of one channel's effect on the logit of a purchase.

    Attributes
    ----------
    mean : list of float
        Effect of the channel, of the customer's own click rate there, of frequency.
    covariance : list of list of float
        Of `mean`.
    sends, conversions : int
        Rows that the effect was learned from.
    """

    channel: str
    mean: list[float]
    covariance: list[list[float]]
    sends: int
    conversions: int


class ChannelModel(msgspec.Struct, frozen=True):
    """Conversion by channel.

    Attributes
    ----------
    level : {"observational", "exploring"}
        What the data identify: associations, or effects of randomised sends.
    fixed_order : list of str
        Channels from the best to the worst for everybody alike.
    """

    level: Level
    window_days: int
    base_rate: float
    base: ResidualBooster
    effects: list[ChannelEffect]
    fixed_order: list[str]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        own = (_click_rate(e.channel) for e in self.effects if e.channel != NO_MESSAGE)
        return tuple(dict.fromkeys((*self.base.columns, *own, "frequency")))

    @property
    def channels(self) -> list[str]:
        """The arms that the model knows, `none` among them where the shop logs it."""
        return [effect.channel for effect in self.effects]

    def predict(self, inputs: Columns) -> dict[str, Floats]:
        """Give p_conversion: columns `inputs` -> for each channel one probability per row."""
        base = logit(self.base_rate) + self.base.correction(inputs)
        return {
            e.channel: expit(base + effect_columns(inputs, e.channel) @ np.asarray(e.mean))
            for e in self.effects
        }

    def is_personal(self, inputs: Columns, chosen: str) -> NDArray[np.bool_]:
        """Say for which rows `chosen` beats the best fixed channel with 90 % confidence.

        The bound labels a choice; it does not make it.
        """
        best = self.fixed_order[0]
        if chosen == best or self.level == "observational":
            return np.zeros(len(np.asarray(inputs["frequency"])), dtype=bool)
        ours, theirs = self._effect(chosen), self._effect(best)
        x, y = effect_columns(inputs, chosen), effect_columns(inputs, best)
        gain = x @ np.asarray(ours.mean) - y @ np.asarray(theirs.mean)
        variance = np.einsum("ij,jk,ik->i", x, np.asarray(ours.covariance), x)
        variance += np.einsum("ij,jk,ik->i", y, np.asarray(theirs.covariance), y)
        return np.asarray(gain > 1.2816 * np.sqrt(variance))

    def _effect(self, channel: str) -> ChannelEffect:
        return next(effect for effect in self.effects if effect.channel == channel)


def fit_channel(
    frame: pd.DataFrame,
    window_days: int,
    columns: list[str],
    settings: BoosterSettings,
    seed: int,
) -> ChannelModel:
    """Fit conversion by channel.

    Parameters
    ----------
    frame : DataFrame
        One row per message: the features of its customer before it was sent, `channel`,
        `bought` (a purchase within the window after it) and `randomised` (drawn at random
        with a logged propensity).
    """
    bought = frame["bought"].to_numpy(dtype=float)
    base_rate = float((bought.sum() + 1) / (len(bought) + 2))
    offset = np.full(len(frame), logit(base_rate))
    base = ResidualBooster.fit(frame, columns, bought, offset, settings, seed)
    score = offset + base.correction(frame)
    randomised = frame["randomised"].to_numpy(dtype=bool)
    arms = sorted(frame["channel"].unique())
    level = _level(frame.loc[randomised, "channel"], arms)
    learned = randomised if level == "exploring" else np.ones(len(frame), dtype=bool)
    effects = [
        _fit_effect(frame, arm, score, learned & (frame["channel"] == arm).to_numpy(), level)
        for arm in arms
    ]
    return ChannelModel(level, window_days, base_rate, base, effects, _fixed_order(effects))


def _level(randomised_channels: "pd.Series[str]", arms: Sequence[str]) -> Level:
    counts = randomised_channels.value_counts()
    enough = NO_MESSAGE in arms and all(counts.get(arm, 0) >= MIN_RANDOMISED for arm in arms)
    return "exploring" if enough else "observational"


def _fit_effect(
    frame: pd.DataFrame,
    channel: str,
    score: Floats,
    rows: NDArray[np.bool_],
    level: Level,
) -> ChannelEffect:
    """Fit a ridge logistic regression with an offset by Newton's method (Laplace posterior).

    Arms share no row and no parameter, so that each is fitted by itself.
    """
    x = effect_columns(frame[rows], channel)
    bought = frame["bought"].to_numpy(dtype=float)[rows]
    spread = np.array([_CHANNEL_SPREAD, _CUSTOMER_SPREAD, _CUSTOMER_SPREAD])
    if level == "observational":
        x[:, 1:] = 0.0  # no customer's difference can be told from the targeting
        spread[1:] = 1e-6
    precision = np.diag(1 / spread**2)
    mean = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        p = expit(score[rows] + x @ mean)
        gradient = x.T @ (bought - p) - precision @ mean
        hessian = (x * (p * (1 - p))[:, None]).T @ x + precision
        step = np.linalg.solve(hessian, gradient)
        mean = mean + step
        if np.abs(step).max() < 1e-10:
            break
    return ChannelEffect(
        channel,
        mean.tolist(),
        np.linalg.inv(hessian).tolist(),
        int(rows.sum()),
        int(bought.sum()),
    )


def _fixed_order(effects: Sequence[ChannelEffect]) -> list[str]:
    """Order channels by conversion, drawn to the common rate with 100 pseudo-sends."""
    sends = sum(e.sends for e in effects)
    rate = sum(e.conversions for e in effects) / max(sends, 1)
    score = {e.channel: (e.conversions + 100 * rate) / (e.sends + 100) for e in effects}
    return sorted(score, key=lambda channel: -score[channel])


def effect_columns(inputs: Columns, channel: str) -> Floats:
    """Build what a channel's effect depends on: array (rows, 3), missing values at the centre.

    1, the log of the own click rate there against 1 in 20, and the log of repeat purchases.
    """
    frequency = np.nan_to_num(np.asarray(inputs["frequency"], dtype=float))
    rate = np.full(len(frequency), 0.05)
    if channel != NO_MESSAGE:
        rate = np.nan_to_num(np.asarray(inputs[_click_rate(channel)], dtype=float), nan=0.05)
    return np.column_stack([np.ones(len(rate)), np.log(rate / 0.05), np.log1p(frequency) - 1.0])


def _click_rate(channel: str) -> str:
    return f"{channel}_click_rate_182d"
