"""Fits the channel model: the base booster, and then the effects of the arms given its scores."""

from collections.abc import Container, Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from features.arrays import Floats
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.channel.arm_effects import Sends, fit_arm_effects
from models.channel.model import ChannelModel, ChannelTraits, Evidence, Level, identified_arms
from models.channel.traits import Scale, Trait

_FOLDS = 3  # of customers, so that no base scores a customer that it was fitted on
# The traits of a customer's dealings with a channel: suffix of the feature's name, and scale.
_CHANNEL_TRAITS: tuple[tuple[str, Scale], ...] = (
    ("click_rate_182d", "logit"),
    ("sent_count_28d", "log1p"),
)
# The observed rate of a channel is drawn towards the common rate as by so many further messages.
_PSEUDO_SENDS = 100


def channel_traits(channels: Sequence[str], available: Container[str]) -> ChannelTraits:
    """Choose the traits for a shop's channels from the features that it has.

    The traits are few and fixed beforehand, since a search among many features would find noise.
    A trait of a channel is left out for all channels where its feature is missing for one of
    them, since the effects of all channels depend on the same traits.

    Parameters
    ----------
    channels : sequence of str
        The shop's channels; `none` is ignored.
    available : container of str
        Names of the features that can be computed.
    """
    shared = [
        Trait("frequency", "log1p"),
        Trait("days_since_last", "log1p"),
        Trait("mobile_share_mean_91d", "as_is"),
        Trait("messages_count_28d", "log1p"),
    ]
    messages = [channel for channel in channels if channel != NO_MESSAGE]
    of_channels: dict[str, list[Trait]] = {channel: [] for channel in messages}
    for name, scale in _CHANNEL_TRAITS:
        columns = {channel: f"{channel}_{name}" for channel in messages}
        if all(column in available for column in columns.values()):
            for channel, column in columns.items():
                of_channels[channel].append(Trait(column, scale))
    return ChannelTraits([t for t in shared if t.column in available], of_channels)


def fit_channel(
    frame: pd.DataFrame,
    window_days: int,
    columns: list[str],
    traits: ChannelTraits,
    settings: BoosterSettings,
    seed: int,
) -> ChannelModel:
    """Fit the channel model to messages.

    Parameters
    ----------
    frame : DataFrame
        One row per message, or per decision to send none: the features of its customer before it
        was sent, `customer_id`, `channel`, `bought` (whether a purchase within the window
        followed), `spend` (its amount in minor units), `randomised` (whether the channel was
        drawn at random) and `propensity` (the logged probability of the channel).
    window_days : int
        Days after a message within which a purchase counts.
    columns : list of str
        Names of the features that the base may read.
    traits : ChannelTraits
        The traits on which the effects may depend, for the channels in `frame`.
    settings : BoosterSettings
        Hyper-parameters of the base.

    Returns
    -------
    ChannelModel
        Of the level `exploring` where two arms or more are identified, else `observational`.
    """
    bought = frame["bought"].to_numpy(dtype=float)
    base_rate = float((bought.sum() + 1) / (len(bought) + 2))
    base = _fit_base(frame, columns, base_rate, settings, seed)
    correction = _unseen_correction(frame, columns, base_rate, settings, seed)
    traits = traits.fit(frame)
    arms = list(traits.own)
    evidence = _evidence(frame)
    drawn = frame["randomised"].to_numpy(dtype=bool)
    level: Level = "exploring" if len(identified_arms(evidence)) > 1 else "observational"
    shared, by_arm = traits.matrices(frame, len(frame))
    sends = Sends(
        score=logit(base_rate) + correction,
        correction=correction,
        shared=shared,
        by_arm=by_arm,
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
    """Fit the booster of a purchase whatever is sent."""
    offset = np.full(len(rows), logit(base_rate))
    bought = rows["bought"].to_numpy(dtype=float)
    return ResidualBooster.fit(rows, columns, BoosterTarget(bought, offset), settings, seed=seed)


def _unseen_correction(
    frame: pd.DataFrame, columns: list[str], base_rate: float, settings: BoosterSettings, seed: int
) -> Floats:
    """Compute the correction of each row by a base that was not fitted on its customer."""
    fold = customer_folds(frame["customer_id"], _FOLDS, seed)
    correction = np.empty(len(frame))
    for number in range(_FOLDS):
        left_out = fold == number
        base = _fit_base(frame[~left_out], columns, base_rate, settings, seed)
        correction[left_out] = base.correction(frame[left_out])
    return correction


def customer_folds(customer: "pd.Series[str]", folds: int, seed: int) -> NDArray[np.intp]:
    """Assign customers to folds at random, so that all rows of a customer are in the same fold.

    Parameters
    ----------
    customer : Series (n,)
        The customer of each row.

    Returns
    -------
    int array (n,)
        The fold of each row, 0 to folds - 1.
    """
    codes = pd.factorize(customer)[0]
    fold = np.random.default_rng(seed).permutation(int(codes.max(initial=0)) + 1) % folds
    return np.asarray(fold[codes], dtype=np.intp)


def _weights(frame: pd.DataFrame) -> Floats:
    """Compute the weight of each row: array (n,), 1 unless its arm was drawn at random.

    Rows that were drawn at random are weighted by 1 / propensity, since the probability of an arm
    may have depended on what the model does not know. The weights of an arm sum to its effective
    number of rows (Kish 1965).
    """
    weight = np.ones(len(frame))
    drawn = frame["randomised"].to_numpy(dtype=bool)
    for _, positions in frame[drawn].groupby("channel").indices.items():
        rows = np.flatnonzero(drawn)[positions]
        inverse = 1 / frame["propensity"].to_numpy(dtype=float)[rows]
        weight[rows] = inverse * inverse.sum() / (inverse**2).sum()
    return weight


def _evidence(frame: pd.DataFrame) -> dict[str, Evidence]:
    """Count the messages of each arm."""
    evidence = {}
    for arm, rows in frame.groupby("channel"):
        counts = (len(rows), rows["bought"].sum(), rows["randomised"].sum())
        evidence[str(arm)] = Evidence(*map(int, counts))
    return evidence


def _mean_p(model: ChannelModel, drawn: pd.DataFrame) -> dict[str, float]:
    """Compute P(purchase) by arm if everybody were sent the same: `ChannelModel.mean_p`."""
    if model.level == "exploring":
        p = model.predict(drawn)
        return {arm: float(p[arm].mean()) for arm in model.identified}
    counts = model.evidence
    rate = sum(c.conversions for c in counts.values()) / sum(c.sends for c in counts.values())
    return {
        arm: (c.conversions + _PSEUDO_SENDS * rate) / (c.sends + _PSEUDO_SENDS)
        for arm, c in counts.items()
    }
