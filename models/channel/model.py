"""Best channel: P(purchase within a window after a message), by channel, `none` among them.

A LightGBM base says how likely a purchase is whatever is sent; each channel adds an effect on
the logit scale that depends on a few traits of the customer (`models/channel/effects.py`).
Where the shop has sent at random, that effect is causal; where it has not, the same fit to all
sends is an association, and no uplift is given. Tens of thousands of random sends may correct the
effects further (`models/channel/corrections.py`). `models/channel/fit.py` fits it.
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
from models.boosters.booster import Columns, ResidualBooster, corrections
from models.channel.best_moment import Moments
from models.channel.effects import ArmEffects, common_traits
from models.channel.traits import Trait, trait_matrix

Level = Literal["observational", "exploring", "rich"]

# Randomised sends of an arm before its effect is called causal.
MIN_RANDOMISED = 200
_INTERVAL = 1.6449  # standard errors: 90 % between the two
_CONFIDENT = 1.2816  # standard errors: 90 % on one side
_THOMPSON_DRAWS = 1000
_POSSIBLE = 1e-4, 1 - 1e-4  # where a corrected probability stays


class Evidence(msgspec.Struct, frozen=True):
    """What an arm's effect was learned from.

    Attributes
    ----------
    sends, conversions : int
        Messages of a closed window, and those followed by a purchase within it.
    randomised : int
        Messages drawn at random among them.
    """

    sends: int
    conversions: int
    randomised: int


class Uplift(msgspec.Struct, frozen=True):
    """What a message adds to the chance of a purchase over no message, a value per row.

    Attributes
    ----------
    low, high : array (rows,)
        The interval of 90 %.
    """

    value: Floats
    low: Floats
    high: Floats


class ChannelTraits(msgspec.Struct, frozen=True):
    """Which traits the effects depend on.

    Attributes
    ----------
    shared : list of Trait
        Of the customer, whatever the channel.
    own : dict of str to list of Trait
        Of the customer with each channel: as many for every one, in the same order.
    """

    shared: list[Trait]
    own: dict[str, list[Trait]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that are read."""
        traits = (*self.shared, *(trait for own in self.own.values() for trait in own))
        return tuple(dict.fromkeys(trait.column for trait in traits))

    def fit(self, rows: pd.DataFrame) -> "ChannelTraits":
        """Centre and scale every trait."""
        own = {channel: [t.fit(rows) for t in traits] for channel, traits in self.own.items()}
        return ChannelTraits([t.fit(rows) for t in self.shared], own)

    def matrices(self, inputs: Columns, rows: int) -> tuple[Floats, Floats]:
        """Give arrays (rows, J) of the shared and (rows, channels, Q) of the channels' own."""
        own = [trait_matrix(traits, inputs, rows) for traits in self.own.values()]
        return trait_matrix(self.shared, inputs, rows), np.stack(own, axis=1)


class ChannelModel(msgspec.Struct, frozen=True):
    """Conversion by channel.

    Attributes
    ----------
    level : {"observational", "exploring", "rich"}
        What the data identify: associations, effects of randomised sends, or these corrected.
    window_days : int
        Days after a message within which a purchase counts.
    spend : float
        Mean amount of the purchases within the window of a send that has any, in minor units.
    mean_p : dict of str to float
        P(purchase) by arm were everybody sent the same: of identified arms, else as observed and
        drawn towards the common rate.
    moments : Moments or None
        When the messages of each channel do best.
    corrections : dict of str to ResidualBooster
        At `rich`, what is added to P(purchase) by arm.
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
        """Features that the model reads."""
        return tuple(dict.fromkeys((*self.base.columns, *self.traits.columns)))

    @property
    def channels(self) -> list[str]:
        """The arms that the model knows, `none` among them where the shop logs it."""
        return list(self.evidence)

    @property
    def fixed_order(self) -> list[str]:
        """Arms from the best to the worst for everybody alike."""
        return sorted(self.mean_p, key=lambda arm: -self.mean_p[arm])

    @property
    def identified(self) -> list[str]:
        """The arms whose effects are causal: enough of their sends were drawn at random."""
        return identified_arms(self.evidence) if self.level != "observational" else []

    @property
    def missing_draws(self) -> dict[str, int]:
        """Randomised sends that each arm still needs before its effect is called causal."""
        drawn = {arm: found.randomised for arm, found in self.evidence.items()}
        short = {arm: MIN_RANDOMISED - count for arm, count in ({NO_MESSAGE: 0} | drawn).items()}
        return {arm: count for arm, count in short.items() if count > 0}

    def read(self, inputs: Columns) -> "ChannelPredictions":
        """Read some customers' features once, for all that the model says of them."""
        correction = self.base.correction(inputs)
        shared, own = self.traits.matrices(inputs, len(correction))
        common = common_traits(correction, shared, own) @ np.asarray(self.effects.common)
        design = _with_level(shared, own)
        effects = {
            arm: design[:, place] @ np.asarray(self.effects.means[place])
            for place, arm in enumerate(self.traits.own)
        }
        score = logit(self.base_rate) + correction + common
        for arm, by in corrections(self.corrections, inputs).items():
            p = np.clip(expit(score + effects[arm]) + by, *_POSSIBLE)
            effects[arm] = logit(p) - score
        return ChannelPredictions(self, score, effects, design)

    def predict(self, inputs: Columns) -> dict[str, Floats]:
        """Give p_conversion: columns `inputs` -> for each arm one probability per row."""
        return self.read(inputs).p

    def uplift(self, inputs: Columns) -> dict[str, Uplift]:
        """Give what each identified message adds over none: `ChannelPredictions.uplift`."""
        return self.read(inputs).uplift


@dataclass(frozen=True)
class ChannelPredictions:
    """What a model says of some customers.

    Attributes
    ----------
    score : array (rows,)
        The logit of a purchase without a message.
    effects : dict of str to array (rows,)
        What each message adds to it.
    design : array (rows, messages, 1 + J + Q)
        What the effects depend on.
    """

    model: ChannelModel
    score: Floats
    effects: Mapping[str, Floats]
    design: Floats

    @property
    def p(self) -> dict[str, Floats]:
        """P(purchase within the window) by arm."""
        return {arm: expit(self.score + self._effect(arm)) for arm in self.model.channels}

    @property
    def uplift(self) -> dict[str, Uplift]:
        """What each identified message adds over none; empty where that is not identified.

        The interval is that of the exploring effect; a correction moves it, and does not widen it.
        """
        if NO_MESSAGE not in self.model.identified:
            return {}
        none = expit(self.score)
        found = {}
        for arm in (a for a in self.model.identified if a != NO_MESSAGE):
            error = _INTERVAL * np.sqrt(self._variance({arm: 1.0}))
            logits = self.score + self.effects[arm]
            value, low, high = (expit(logits + by) - none for by in (0, -error, error))
            found[arm] = Uplift(value, low, high)
        return found

    def is_personal(self, chosen: str) -> Flags:
        """Say for which rows `chosen` beats the best fixed arm with 90 % confidence.

        The bound labels a choice; it does not make it.
        """
        best = self.model.fixed_order[0]
        if chosen == best or not {chosen, best} <= set(self.model.identified):
            return np.zeros(len(self.score), dtype=bool)
        gain = self._effect(chosen) - self._effect(best)
        return gain > _CONFIDENT * np.sqrt(self._variance({chosen: 1.0, best: -1.0}))

    def draw(self, seed: int = 0) -> dict[str, Floats]:
        """Draw from the posterior: arm -> array (draws, rows) of p_conversion, for Thompson."""
        spread = np.linalg.cholesky(np.asarray(self.model.effects.covariance))
        normal = np.random.default_rng(seed).normal(size=(_THOMPSON_DRAWS, len(spread)))
        around = (normal @ spread.T).reshape(_THOMPSON_DRAWS, self.design.shape[1], -1)
        found = {
            arm: expit(self.score + effect + around[:, place] @ self.design[:, place].T)
            for place, (arm, effect) in enumerate(self.effects.items())
        }
        if NO_MESSAGE in self.model.evidence:
            found[NO_MESSAGE] = np.broadcast_to(
                expit(self.score), (_THOMPSON_DRAWS, len(self.score))
            )
        return found

    def _effect(self, arm: str) -> Floats:
        return self.effects.get(arm, np.zeros(len(self.score)))

    def _variance(self, signs: Mapping[str, float]) -> Floats:
        """Give the posterior variance of a signed sum of effects; `none` has none."""
        signed = np.zeros_like(self.design)
        for place, arm in enumerate(self.effects):
            signed[:, place] = signs.get(arm, 0.0) * self.design[:, place]
        flat = signed.reshape(len(signed), -1)
        covariance = np.asarray(self.model.effects.covariance)
        return np.asarray(((flat @ covariance) * flat).sum(axis=1))


def _with_level(shared: Floats, own: Floats) -> Floats:
    """Lay out z of every arm: array (rows, arms, 1 + J + Q)."""
    rows, arms, _ = own.shape
    everybody = np.column_stack([np.ones(rows), shared])
    return np.concatenate([np.repeat(everybody[:, None], arms, axis=1), own], axis=2)


def identified_arms(evidence: Mapping[str, Evidence]) -> list[str]:
    """Name the arms of which enough sends were drawn at random."""
    return [arm for arm, found in evidence.items() if found.randomised >= MIN_RANDOMISED]
