"""Best channel: P(purchase within a window after a message), by channel, `none` among them.

A LightGBM base says how likely a purchase is whatever is sent; each channel adds an effect on
the logit scale that depends on a few traits of the customer (`models/arm_effects.py`). Where the
shop has sent at random, that effect is causal; where it has not, the same fit to all sends is an
association, and no uplift is given. Tens of thousands of random sends may correct the effects
further (`models/dr_learner.py`).
"""

from collections.abc import Container, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.arm_effects import ArmEffects, Sends, common_traits, fit_arm_effects
from models.arms import NO_MESSAGE as NO_MESSAGE
from models.booster import BoosterSettings, Columns, ResidualBooster, corrections
from models.moment import Moments
from models.traits import Trait, trait_matrix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Level = Literal["observational", "exploring", "rich"]

# Randomised sends of an arm before its effect is called causal.
MIN_RANDOMISED = 200
_CONFIDENT = 1.2816  # standard errors: 90 % on one side
INTERVAL = 1.6449  # standard errors: 90 % between the two
_FOLDS = 3  # of customers: no base has seen the row that it scores
_PSEUDO_SENDS = 100  # of the common rate, in the order of channels that nothing was drawn for
_THOMPSON_DRAWS = 1000
_POSSIBLE = 1e-4, 1 - 1e-4  # where a corrected probability stays


class Evidence(msgspec.Struct, frozen=True):
    """What an arm's effect was learned from.

    Attributes
    ----------
    sends, conversions : int
        Messages of a closed window, and those followed by a purchase within it.
    randomised, randomised_conversions : int
        Of these, drawn at random.
    """

    sends: int
    conversions: int
    randomised: int
    randomised_conversions: int


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
        return _identified(self.evidence) if self.level != "observational" else []

    @property
    def missing_draws(self) -> dict[str, int]:
        """Randomised sends that each arm still needs before its effect is called causal."""
        drawn = {arm: found.randomised for arm, found in self.evidence.items()}
        short = {arm: MIN_RANDOMISED - count for arm, count in ({NO_MESSAGE: 0} | drawn).items()}
        return {arm: count for arm, count in short.items() if count > 0}

    def predict(self, inputs: Columns) -> dict[str, Floats]:
        """Give p_conversion: columns `inputs` -> for each arm one probability per row."""
        base, effects = self._logits(inputs)
        return {arm: expit(base + effects.get(arm, 0.0)) for arm in self.channels}

    def uplift(self, inputs: Columns) -> dict[str, Uplift]:
        """Give what each identified message adds over none; empty where that is not identified.

        The interval is that of the exploring effect; a correction moves it, and does not widen it.
        """
        if NO_MESSAGE not in self.identified:
            return {}
        base, effects = self._logits(inputs)
        none = expit(base)
        found = {}
        for arm in (a for a in self.identified if a != NO_MESSAGE):
            error = INTERVAL * np.sqrt(self._variance(inputs, {arm: 1.0}))
            value, low, high = (expit(base + effects[arm] + by) - none for by in (0, -error, error))
            found[arm] = Uplift(value, low, high)
        return found

    def is_personal(self, inputs: Columns, chosen: str) -> Flags:
        """Say for which rows `chosen` beats the best fixed arm with 90 % confidence.

        The bound labels a choice; it does not make it.
        """
        best = self.fixed_order[0]
        base, effects = self._logits(inputs)
        if chosen == best or not {chosen, best} <= set(self.identified):
            return np.zeros(len(base), dtype=bool)
        gain = effects.get(chosen, np.zeros(len(base))) - effects.get(best, 0.0)
        variance = self._variance(inputs, {chosen: 1.0, best: -1.0})
        return np.asarray(gain > _CONFIDENT * np.sqrt(variance))

    def draw(self, inputs: Columns, seed: int = 0) -> dict[str, Floats]:
        """Draw from the posterior: arm -> array (draws, rows) of p_conversion, for Thompson."""
        base, effects = self._logits(inputs)
        design = self._design(inputs)
        spread = np.linalg.cholesky(np.asarray(self.effects.covariance))
        normal = np.random.default_rng(seed).normal(size=(_THOMPSON_DRAWS, len(spread)))
        around = (normal @ spread.T).reshape(_THOMPSON_DRAWS, len(self.traits.own), -1)
        found = {
            arm: expit(base + effects[arm] + around[:, place] @ design[:, place].T)
            for place, arm in enumerate(self.traits.own)
        }
        if NO_MESSAGE in self.evidence:
            found[NO_MESSAGE] = np.broadcast_to(expit(base), (_THOMPSON_DRAWS, len(base)))
        return found

    def _logits(self, inputs: Columns) -> tuple[Floats, dict[str, Floats]]:
        """Give the logit without a message, and what each message adds to it."""
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
        return score, effects

    def _design(self, inputs: Columns) -> Floats:
        rows = len(np.asarray(inputs[self.inputs[0]]))
        return _with_level(*self.traits.matrices(inputs, rows))

    def _variance(self, inputs: Columns, signs: Mapping[str, float]) -> Floats:
        """Give the posterior variance of a signed sum of effects; `none` has none."""
        design = self._design(inputs)
        signed = np.zeros_like(design)
        for place, arm in enumerate(self.traits.own):
            signed[:, place] = signs.get(arm, 0.0) * design[:, place]
        flat = signed.reshape(len(design), -1)
        return np.asarray(((flat @ np.asarray(self.effects.covariance)) * flat).sum(axis=1))


def _with_level(shared: Floats, own: Floats) -> Floats:
    """Lay out z of every arm: array (rows, arms, 1 + J + Q)."""
    rows, arms, _ = own.shape
    everybody = np.column_stack([np.ones(rows), shared])
    return np.concatenate([np.repeat(everybody[:, None], arms, axis=1), own], axis=2)


def fit_channel(
    frame: pd.DataFrame,
    window_days: int,
    columns: list[str],
    traits: ChannelTraits,
    settings: BoosterSettings,
    seed: int,
) -> ChannelModel:
    """Fit conversion by channel.

    Parameters
    ----------
    frame : DataFrame
        One row per message: the features of its customer before it was sent, `customer_id`,
        `channel`, `bought` (a purchase within the window after it), `spend` (what it came to),
        `randomised` (drawn at random) and `propensity` (the logged chance of what was drawn).
    columns : list of str
        Features of the base.
    traits : ChannelTraits
        What the effects may depend on, for the channels of `frame`.
    """
    bought = frame["bought"].to_numpy(dtype=float)
    base_rate = float((bought.sum() + 1) / (len(bought) + 2))
    base = _fit_base(frame, columns, base_rate, settings, seed)
    correction = _unseen_correction(frame, columns, base_rate, settings, seed)
    traits = traits.fit(frame)
    arms = list(traits.own)
    evidence = _evidence(frame)
    drawn = frame["randomised"].to_numpy(dtype=bool)
    level: Level = "exploring" if len(_identified(evidence)) > 1 else "observational"
    shared, own = traits.matrices(frame, len(frame))
    sends = Sends(
        score=logit(base_rate) + correction,
        correction=correction,
        shared=shared,
        own=own,
        arm=pd.Index(arms).get_indexer(pd.Index(frame["channel"])),
        drawn=drawn if level == "exploring" else np.ones(len(frame), dtype=bool),
        bought=bought,
        weight=_weights(frame) if level == "exploring" else np.ones(len(frame)),
    )
    spend = frame.loc[frame["bought"].astype(bool), "spend"].mean() if bought.any() else 0.0
    model = ChannelModel(
        level=level,
        window_days=window_days,
        base_rate=base_rate,
        spend=float(spend),
        base=base,
        traits=traits,
        effects=fit_arm_effects(sends),
        evidence=evidence,
        mean_p={},
    )
    return msgspec.structs.replace(model, mean_p=_mean_p(model, frame[drawn]))


def _fit_base(
    rows: pd.DataFrame, columns: list[str], base_rate: float, settings: BoosterSettings, seed: int
) -> ResidualBooster:
    offset = np.full(len(rows), logit(base_rate))
    bought = rows["bought"].to_numpy(dtype=float)
    return ResidualBooster.fit(rows, columns, bought, offset, settings, seed)


def _unseen_correction(
    frame: pd.DataFrame, columns: list[str], base_rate: float, settings: BoosterSettings, seed: int
) -> Floats:
    """Score each row by a base that has not seen its customer."""
    fold = customer_folds(frame["customer_id"], _FOLDS, seed)
    correction = np.empty(len(frame))
    for place in range(_FOLDS):
        left_out = fold == place
        base = _fit_base(frame[~left_out], columns, base_rate, settings, seed)
        correction[left_out] = base.correction(frame[left_out])
    return correction


def customer_folds(customer: "pd.Series[str]", folds: int, seed: int) -> NDArray[np.intp]:
    """Deal customers out into folds at random, all rows of one into the same."""
    codes = pd.factorize(customer)[0]
    dealt = np.random.default_rng(seed).permutation(int(codes.max(initial=0)) + 1) % folds
    return np.asarray(dealt[codes], dtype=np.intp)


def _weights(frame: pd.DataFrame) -> Floats:
    """Weigh drawn rows by 1 / propensity, arm by arm to as many rows as they are worth (Kish).

    A logged policy may draw by what the model does not know; its weights undo that.
    """
    weight = np.ones(len(frame))
    drawn = frame["randomised"].to_numpy(dtype=bool)
    for _, places in frame[drawn].groupby("channel").indices.items():
        rows = np.flatnonzero(drawn)[places]
        inverse = 1 / frame["propensity"].to_numpy(dtype=float)[rows]
        weight[rows] = inverse * inverse.sum() / (inverse**2).sum()
    return weight


def _evidence(frame: pd.DataFrame) -> dict[str, Evidence]:
    """Count by arm."""
    found = {}
    for arm, rows in frame.groupby("channel"):
        drawn = rows[rows["randomised"].astype(bool)]
        counts = (len(rows), rows["bought"].sum(), len(drawn), drawn["bought"].sum())
        found[str(arm)] = Evidence(*map(int, counts))
    return found


def _identified(evidence: Mapping[str, Evidence]) -> list[str]:
    return [arm for arm, found in evidence.items() if found.randomised >= MIN_RANDOMISED]


def _mean_p(model: ChannelModel, drawn: pd.DataFrame) -> dict[str, float]:
    """Give the rate of each arm for everybody: by the mean of its effects, else as observed."""
    if model.level == "exploring":
        p = model.predict(drawn)
        return {arm: float(p[arm].mean()) for arm in model.identified}
    found = model.evidence
    rate = sum(e.conversions for e in found.values()) / sum(e.sends for e in found.values())
    return {
        arm: (e.conversions + _PSEUDO_SENDS * rate) / (e.sends + _PSEUDO_SENDS)
        for arm, e in found.items()
    }


def channel_traits(channels: Sequence[str], available: Container[str]) -> ChannelTraits:
    """Name the traits for a shop's channels, of the features that it has.

    They are few and fixed beforehand: whoever searches many for one that matters finds noise.
    """
    shared = [
        Trait("frequency", "log1p"),
        Trait("days_since_last", "log1p"),
        Trait("mobile_share_mean_91d", "as_is"),
        Trait("messages_count_28d", "log1p"),
    ]
    own = {
        channel: [
            Trait(f"{channel}_click_rate_182d", "logit"),
            Trait(f"{channel}_sent_count_28d", "log1p"),
        ]
        for channel in channels
        if channel != NO_MESSAGE
    }
    return ChannelTraits([t for t in shared if t.column in available], own)
