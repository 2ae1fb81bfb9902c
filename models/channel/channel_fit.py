"""Fits the channel model: the base booster, and then the effects of the arms given its scores."""

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from features.arrays import Floats
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import (
    BoosterSettings,
    BoosterTarget,
    ResidualBooster,
    column_matrix,
)
from models.channel.draws import CLUSTER, DRAW_WEIGHT, chances_of, could_have_differed
from models.channel.effects.arm_effects import (
    common_traits,
    effect_traits,
    fit_arm_effects,
    fit_associations,
    slopes_per_possible_arm,
)
from models.channel.effects.effect_likelihood import Sends
from models.channel.model import ChannelModel, ChannelTraits, Evidence, Level, identified_arms

_FOLDS = 3  # of clusters, so that no base scores a customer that it was fitted on
# The observed rate of a channel is drawn towards the common rate as by so many further messages.
_PSEUDO_SENDS = 100


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
        followed), `spend` (its amount in minor units), and the columns of
        `models.channel.draws.add_chances`.
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
    base, correction = _fit_base(frame, columns, base_rate, settings, seed)
    traits = traits.fit(frame)
    evidence = _evidence(frame)
    level: Level = "exploring" if len(identified_arms(evidence)) > 1 else "observational"
    sends = _sends(frame, traits, logit(base_rate), correction)
    per_arm = slopes_per_possible_arm(traits.shared, len(next(iter(traits.own.values()))))
    fit = fit_arm_effects if level == "exploring" else fit_associations
    spend = frame.loc[frame["bought"].astype(bool), "spend"].mean() if bought.any() else 0.0
    model = ChannelModel(
        level=level,
        window_days=window_days,
        base_rate=base_rate,
        spend=float(spend),
        base=base,
        traits=traits,
        effects=fit(sends, per_arm),
        evidence=evidence,
        mean_p={},
    )
    return msgspec.structs.replace(model, mean_p=_mean_p(model, frame))


def _sends(
    frame: pd.DataFrame, traits: ChannelTraits, base_logit: float, correction: Floats
) -> Sends:
    """Turn messages into the arrays from which effects are estimated, sorted by cluster."""
    channels = list(traits.own)
    shared, by_arm = traits.matrices(frame, len(frame))
    cluster = pd.factorize(frame[CLUSTER])[0]
    sends = Sends(
        score=base_logit + correction,
        common=common_traits(correction, shared, by_arm),
        traits=effect_traits(correction, shared, by_arm),
        arm=pd.Index(channels).get_indexer(pd.Index(frame["channel"])),
        chance=chances_of(frame, channels),
        weight=frame[DRAW_WEIGHT].to_numpy(dtype=float),
        bought=frame["bought"].to_numpy(dtype=float),
        cluster=cluster,
    )
    return sends.rows(np.argsort(cluster, kind="stable"))


def _fit_base(
    frame: pd.DataFrame, columns: list[str], base_rate: float, settings: BoosterSettings, seed: int
) -> tuple[ResidualBooster, Floats]:
    """Fit the booster of a purchase whatever is sent.

    Returns
    -------
    base : ResidualBooster
        Fitted to all rows.
    correction : array (n,)
        The correction of each row by a booster that was not fitted on its cluster.
    """
    matrix = column_matrix(frame, columns)
    binned = BinnedRows.bin(matrix, columns, settings.bins, settings.min_rows)
    bought = frame["bought"].to_numpy(dtype=float)

    def fit(binned: BinnedRows, bought: Floats) -> ResidualBooster:
        target = BoosterTarget(bought, np.full(len(bought), logit(base_rate)))
        return ResidualBooster.fit(binned, columns, target, settings, seed=seed)

    fold = cluster_folds(frame[CLUSTER], _FOLDS, seed)
    correction = np.empty(len(frame))
    for number in range(_FOLDS):
        seen, left_out = np.flatnonzero(fold != number), fold == number
        base = fit(binned.take(seen), bought[seen])
        correction[left_out] = base.correction(matrix[left_out])
    return fit(binned, bought), correction


def cluster_folds(cluster: "pd.Series[str]", folds: int, seed: int) -> NDArray[np.intp]:
    """Assign clusters to folds at random, so that all rows of a cluster are in the same fold.

    Parameters
    ----------
    cluster : Series (n,)
        The customer of each row, or the group of customers who are drawn together.

    Returns
    -------
    int array (n,)
        The fold of each row, 0 to folds - 1.
    """
    codes = pd.factorize(cluster)[0]
    fold = np.random.default_rng(seed).permutation(int(codes.max(initial=0)) + 1) % folds
    return np.asarray(fold[codes], dtype=np.intp)


def _evidence(frame: pd.DataFrame) -> dict[str, Evidence]:
    """Count the messages of each arm."""
    evidence = {}
    arms = sorted(frame["channel"].unique())
    drawn = could_have_differed(frame, arms)
    for arm, rows in frame.groupby("channel").indices.items():
        counts = (len(rows), frame["bought"].to_numpy()[rows].sum(), drawn[rows].sum())
        evidence[str(arm)] = Evidence(*map(int, counts))
    return evidence


def _mean_p(model: ChannelModel, frame: pd.DataFrame) -> dict[str, float]:
    """Compute `ChannelModel.mean_p`."""
    if model.level != "observational":
        return compare_within_possible(model, frame)
    counts = model.evidence
    rate = sum(c.conversions for c in counts.values()) / sum(c.sends for c in counts.values())
    return {
        arm: (c.conversions + _PSEUDO_SENDS * rate) / (c.sends + _PSEUDO_SENDS)
        for arm, c in counts.items()
    }


def compare_within_possible(model: ChannelModel, frame: pd.DataFrame) -> dict[str, float]:
    """Compare the arms by their predictions for customers who could be drawn for both.

    The means m_a of the arms and c_i of the drawn messages are fitted by least squares to the
    predictions p_ia of the arms that were possible, p_ia = c_i + m_a, so that an arm that only the
    best customers consent to does not look better for it.

    Parameters
    ----------
    model : ChannelModel
        A model with identified arms.
    frame : DataFrame
        Messages as in `fit_channel`.

    Returns
    -------
    dict of str to float
        By identified arm, m_a plus the mean of c_i.
    """
    arms = model.identified
    chance = chances_of(frame, arms)
    drawn = np.flatnonzero((chance > 0).any(axis=1))
    possible = (chance[drawn] > 0).astype(float)
    predicted = model.predict(frame.iloc[drawn])
    p = np.column_stack([predicted[arm] for arm in arms])
    count = possible.sum(axis=1, keepdims=True)
    mean = (possible * p).sum(axis=1, keepdims=True) / count
    within = np.diag(possible.sum(axis=0)) - possible.T @ (possible / count)
    of_arm = np.linalg.pinv(within, hermitian=True) @ (possible * (p - mean)).sum(axis=0)
    of_row = mean - possible @ of_arm[:, None] / count
    return {arm: float(value + of_row.mean()) for arm, value in zip(arms, of_arm, strict=True)}
