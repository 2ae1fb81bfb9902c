"""The channel model, which predicts P(purchase within a window after a message) by channel.

`none`, which sends no message, is one of its arms. A LightGBM booster, the base, predicts how
likely a purchase is whatever is sent. Each channel adds an effect on the logit scale that depends
on traits of the customer and of the occasion (`models/channel/effects/`). Where enough messages
were drawn at random that effect is causal, a contrast within what was possible for the same
customer. Where they were not, the same fit to all messages is an association, and no uplift is
given. Tens of thousands of random draws may correct the effects further (`effect_corrections`).
`models/channel/channel_fit.py` fits the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from features.arrays import Flags, Floats
from models.arms import NO_MESSAGE
from models.boosters.booster import Columns, ResidualBooster, booster_corrections
from models.channel.best_moment import Moments
from models.channel.effects.arm_effects import ArmEffects, effect_traits
from models.channel.effects.traits import Trait, trait_matrix

Level = Literal["observational", "exploring", "rich"]

# Messages of an arm that must have been drawn at random before its effect is called causal.
MIN_RANDOMISED = 200
_INTERVAL = 1.6449  # standard errors on either side of a two-sided interval of 90 %
_CONFIDENT = 1.2816  # standard errors above 0 for a one-sided confidence of 90 %
_POSTERIOR_DRAWS = 1000
_POSSIBLE = 1e-4, 1 - 1e-4  # bounds of a corrected probability


class Evidence(msgspec.Struct, frozen=True):
    """The number of messages from which an arm's effect was learned.

    Attributes
    ----------
    sends : int
        Messages whose window after sending has closed.
    conversions : int
        Those of them that were followed by a purchase within the window.
    randomised : int
        Those of them that were drawn at random among several arms that were possible.
    """

    sends: int
    conversions: int
    randomised: int


class Uplift(msgspec.Struct, frozen=True):
    """How much a message adds to the probability of a purchase, compared with no message.

    Attributes
    ----------
    value : array (rows,)
        Difference of the two probabilities.
    low, high : array (rows,)
        Bounds of its interval of 90 %.
    """

    value: Floats
    low: Floats
    high: Floats


class ChannelTraits(msgspec.Struct, frozen=True):
    """The traits of a customer on which the effects of the channels depend.

    Attributes
    ----------
    shared : list of Trait
        J traits of the customer that matter to every channel.
    own : dict of str to list of Trait
        Q traits of the customer's dealings with each channel, the same ones for every channel, in
        the same order.
    """

    shared: list[Trait]
    own: dict[str, list[Trait]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features that the traits are made from."""
        of_channels = (trait for traits in self.own.values() for trait in traits)
        traits = (*self.shared, *of_channels)
        return tuple(dict.fromkeys(trait.column for trait in traits))

    def fit(self, rows: pd.DataFrame) -> "ChannelTraits":
        """Return the same traits, centred and scaled on some rows."""
        fitted = {channel: [t.fit(rows) for t in traits] for channel, traits in self.own.items()}
        return ChannelTraits([t.fit(rows) for t in self.shared], fitted)

    def matrices(self, inputs: Columns, rows: int) -> tuple[Floats, Floats]:
        """Compute the traits of each row.

        Returns
        -------
        shared : array (rows, J)
        by_channel : array (rows, channels, Q)
        """
        by_channel = [trait_matrix(traits, inputs, rows) for traits in self.own.values()]
        return trait_matrix(self.shared, inputs, rows), np.stack(by_channel, axis=1)


class ChannelModel(msgspec.Struct, frozen=True):
    """A fitted model of the probability of a purchase after a message, by channel.

    Attributes
    ----------
    level : {"observational", "exploring", "rich"}
        What the effects are: associations, effects of messages drawn at random, or such effects
        corrected by boosters.
    window_days : int
        Days after a message within which a purchase counts.
    base_rate : float
        Share of all messages that were followed by a purchase.
    spend : float
        Mean amount, in minor units, of the purchases within the window of a message that was
        followed by any.
    base : ResidualBooster
        Corrects the logit of the base rate, whatever is sent.
    traits : ChannelTraits
        The traits on which the effects depend.
    effects : ArmEffects
        The posterior of the effects.
    evidence : dict of str to Evidence
        Number of messages by arm.
    mean_p : dict of str to float
        P(purchase) by arm. For identified arms they differ by the mean difference of the predicted
        probabilities among customers who could be drawn for both; without any they are the
        observed rates, drawn towards the common rate.
    moments : Moments or None
        When the messages of each channel do best.
    corrections : dict of str to ResidualBooster
        At the level `rich`, what is added to P(purchase), by arm.
    """

    level: Level
    window_days: int
    base_rate: float
    spend: float
    base: ResidualBooster
    traits: ChannelTraits
    effects: ArmEffects
    evidence: dict[str, Evidence]
    mean_p: dict[str, float]
    moments: Moments | None = None
    corrections: dict[str, ResidualBooster] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that the model reads."""
        return tuple(dict.fromkeys((*self.base.columns, *self.traits.columns)))

    @property
    def channels(self) -> list[str]:
        """The arms that the model knows; `none` is one where the shop logs it."""
        return list(self.evidence)

    @property
    def fixed_order(self) -> list[str]:
        """The arms by their `mean_p`, the best one first."""
        return sorted(self.mean_p, key=lambda arm: -self.mean_p[arm])

    @property
    def identified(self) -> list[str]:
        """The arms whose effects are causal: enough of their messages were drawn at random."""
        return identified_arms(self.evidence) if self.level != "observational" else []

    @property
    def missing_draws(self) -> dict[str, int]:
        """How many more random draws each arm needs before its effect is called causal."""
        drawn = {arm: evidence.randomised for arm, evidence in self.evidence.items()}
        short = {arm: MIN_RANDOMISED - count for arm, count in ({NO_MESSAGE: 0} | drawn).items()}
        return {arm: count for arm, count in short.items() if count > 0}

    def compute_predictions(self, inputs: Columns) -> "ChannelPredictions":
        """Compute everything that the model predicts for some customers.

        Parameters
        ----------
        inputs : columns
            The features that the model reads, one row per customer.
        """
        correction = self.base.correction(inputs)
        shared, by_channel = self.traits.matrices(inputs, len(correction))
        design = effect_traits(correction, shared, by_channel)
        effects = {
            arm: design[:, position] @ np.asarray(self.effects.means[position])
            for position, arm in enumerate(self.traits.own)
        }
        shift, stretch = self.effects.calibration
        score = logit(self.base_rate) + shift + (1 + stretch) * correction
        for arm, correction_of_p in booster_corrections(self.corrections, inputs).items():
            p = np.clip(expit(score + effects[arm]) + correction_of_p, *_POSSIBLE)
            effects[arm] = logit(p) - score
        return ChannelPredictions(self, score, effects, design)

    def predict(self, inputs: Columns) -> dict[str, Floats]:
        """Predict P(purchase within the window): columns `inputs` -> array (rows,) by arm."""
        return self.compute_predictions(inputs).p

    def uplift(self, inputs: Columns) -> dict[str, Uplift]:
        """Predict what each identified message adds to no message: `ChannelPredictions.uplift`."""
        return self.compute_predictions(inputs).uplift


@dataclass(frozen=True)
class ChannelPredictions:
    """The predictions of a channel model for some customers.

    Attributes
    ----------
    model : ChannelModel
        The model that predicts.
    score : array (rows,)
        The logit of a purchase without a message.
    effects : dict of str to array (rows,)
        What a message adds to the logit, by channel.
    design : array (rows, channels, 2 + J + Q)
        What the effects are linear in: 1, the base's correction, the shared traits and the
        channel's own traits.
    """

    model: ChannelModel
    score: Floats
    effects: Mapping[str, Floats]
    design: Floats

    @property
    def p(self) -> dict[str, Floats]:
        """P(purchase within the window) by arm: arrays (rows,)."""
        return {arm: expit(self.score + self._effect(arm)) for arm in self.model.channels}

    @property
    def uplift(self) -> dict[str, Uplift]:
        """What each identified message adds to the probability of a purchase without a message.

        It is empty where the effect of `none` is not identified. The interval is that of the
        effect at the level `exploring`; a correction moves it without widening it.
        """
        if NO_MESSAGE not in self.model.identified:
            return {}
        without_message = expit(self.score)
        uplift = {}
        for arm in (a for a in self.model.identified if a != NO_MESSAGE):
            error = _INTERVAL * np.sqrt(self._variance({arm: 1.0}))
            logits = self.score + self.effects[arm]
            value, low, high = (
                expit(logits + shift) - without_message for shift in (0, -error, error)
            )
            uplift[arm] = Uplift(value, low, high)
        return uplift

    def take(self, rows: Flags) -> "ChannelPredictions":
        """Return the predictions for some of the customers."""
        effects = {arm: effect[rows] for arm, effect in self.effects.items()}
        return ChannelPredictions(self.model, self.score[rows], effects, self.design[rows])

    def surely_beats(self, arm: str, other: str) -> Flags:
        """Tell for which rows an arm beats another one with a confidence of 90 %.

        Returns
        -------
        bool array (rows,)
            False for everybody where the two are the same, or one of them is not identified.
        """
        if arm == other or not {arm, other} <= set(self.model.identified):
            return np.zeros(len(self.score), dtype=bool)
        gain = self._effect(arm) - self._effect(other)
        return gain > _CONFIDENT * np.sqrt(self._variance({arm: 1.0, other: -1.0}))

    def draw_posterior(self, seed: int = 0) -> dict[str, Floats]:
        """Draw P(purchase within the window) from its posterior, for Thompson sampling.

        Returns
        -------
        dict of str to array (draws, rows)
            By arm; the same seed gives the same draws.
        """
        spread = np.linalg.cholesky(np.asarray(self.model.effects.covariance))
        normal = np.random.default_rng(seed).normal(size=(_POSTERIOR_DRAWS, len(spread)))
        deviations = (normal @ spread.T).reshape(_POSTERIOR_DRAWS, self.design.shape[1], -1)
        p = {
            arm: expit(self.score + effect + deviations[:, position] @ self.design[:, position].T)
            for position, (arm, effect) in enumerate(self.effects.items())
        }
        if NO_MESSAGE in self.model.evidence:
            p[NO_MESSAGE] = np.broadcast_to(expit(self.score), (_POSTERIOR_DRAWS, len(self.score)))
        return p

    def _effect(self, arm: str) -> Floats:
        """Return what an arm adds to the logit, array (rows,); 0 for `none`."""
        return self.effects.get(arm, np.zeros(len(self.score)))

    def _variance(self, signs: Mapping[str, float]) -> Floats:
        """Compute the variance of a customer's signed sum of effects; that of `none` is 0.

        It is that of the posterior, and of what the traits do not explain.
        """
        signed = np.zeros_like(self.design)
        for position, arm in enumerate(self.effects):
            signed[:, position] = signs.get(arm, 0.0) * self.design[:, position]
        flat = signed.reshape(len(signed), -1)
        covariance = np.asarray(self.model.effects.covariance)
        of_arms = zip(self.effects, self.model.effects.unexplained, strict=True)
        unexplained = sum(signs.get(arm, 0.0) ** 2 * variance for arm, variance in of_arms)
        return np.asarray(((flat @ covariance) * flat).sum(axis=1) + unexplained)


def identified_arms(evidence: Mapping[str, Evidence]) -> list[str]:
    """Return the arms of which at least `MIN_RANDOMISED` messages were drawn at random."""
    return [arm for arm, counts in evidence.items() if counts.randomised >= MIN_RANDOMISED]
