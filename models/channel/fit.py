"""The fit of the channel model: a base, unseen scores of it, and the effects of the arms."""

from collections.abc import Container, Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from features.arrays import Floats
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings, ResidualBooster
from models.channel.effects import Sends, fit_arm_effects
from models.channel.model import ChannelModel, ChannelTraits, Evidence, Level, identified_arms
from models.channel.traits import Scale, Trait

_FOLDS = 3  # of customers: no base has seen the row that it scores
# Of the customer with each channel: the end of a feature's name, and its scale.
_CHANNEL_TRAITS: tuple[tuple[str, Scale], ...] = (
    ("click_rate_182d", "logit"),
    ("sent_count_28d", "log1p"),
)
_PSEUDO_SENDS = 100  # of the common rate, in the order of channels that nothing was drawn for


def channel_traits(channels: Sequence[str], available: Container[str]) -> ChannelTraits:
    """Name the traits for a shop's channels, of the features that it has.

    They are few and fixed beforehand: whoever searches many for one that matters finds noise. A
    trait of the customer with a channel is left out for all channels where one of them lacks its
    feature, since the effects of all channels depend on the same traits.
    """
    shared = [
        Trait("frequency", "log1p"),
        Trait("days_since_last", "log1p"),
        Trait("mobile_share_mean_91d", "as_is"),
        Trait("messages_count_28d", "log1p"),
    ]
    messages = [channel for channel in channels if channel != NO_MESSAGE]
    own: dict[str, list[Trait]] = {channel: [] for channel in messages}
    for name, scale in _CHANNEL_TRAITS:
        columns = {channel: f"{channel}_{name}" for channel in messages}
        if all(column in available for column in columns.values()):
            for channel, column in columns.items():
                own[channel].append(Trait(column, scale))
    return ChannelTraits([t for t in shared if t.column in available], own)


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
    level: Level = "exploring" if len(identified_arms(evidence)) > 1 else "observational"
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
        counts = (len(rows), rows["bought"].sum(), rows["randomised"].sum())
        found[str(arm)] = Evidence(*map(int, counts))
    return found


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
