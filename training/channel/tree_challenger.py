"""Lets trees challenge the channel model; they are kept only if their choices earn more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlflow
import numpy as np
import pandas as pd

from features.arrays import Floats
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import cluster_folds
from models.channel.draws import CLUSTER
from models.channel.effects.effect_corrections import (
    CORRECTION_SETTINGS,
    ChannelFit,
    fit_corrections,
)
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate
from training.channel.policies import arms_of, one_hot, predict_arms, recommend_all
from training.channel.policy_value import gains
from training.runs.training_runs import SEED, log_scores

ReadOptions = Callable[[pd.DataFrame, Sequence[str]], Options]

# Draws of every identified arm before trees are tried: with 15,000 they still lost to the few
# shrunken traits of the exploring model.
RICH_RANDOMISED = 20_000
_FOLDS = 3
_CHALLENGER, _CHAMPION = "rich", "exploring"


@dataclass(frozen=True)
class ChallengeResult:
    """The outcome of a challenge: the channel model that won, and by how much.

    Attributes
    ----------
    model : ChannelModel
        The model to keep.
    gain : Estimate or None
        What a decision of the challenger earns beyond one of the exploring model, in minor
        units, with its 95 % interval; None where it was not tried.
    rejection : str or None
        Why the challenger was not kept; None where it was.
    """

    model: ChannelModel
    gain: Estimate | None = None
    rejection: str | None = None


@dataclass(frozen=True)
class ChallengeTerms:
    """The terms on which trees challenge a channel model.

    Attributes
    ----------
    needed : int
        Random draws of every identified arm, without which nothing is tried.
    settings : BoosterSettings
        Settings of the trees.
    seed : int
        Seed of the split of customers, of the trees and of the interval.
    """

    needed: int = RICH_RANDOMISED
    settings: BoosterSettings = CORRECTION_SETTINGS
    seed: int = SEED


def challenge_with_trees(
    exploring: ChannelModel,
    rows: pd.DataFrame,
    fit: ChannelFit,
    read_options: ReadOptions,
    worth: MessageValue,
    terms: ChallengeTerms = ChallengeTerms(),
) -> ChallengeResult:
    """Let a DR-learner on trees challenge a channel model on customers that neither has seen.

    The challenger (`effect_corrections`) wins where the 95 % interval of what its choices earn more
    lies above 0.

    Parameters
    ----------
    exploring : ChannelModel
        The model that is challenged.
    rows : DataFrame
        The rows that `exploring` was fitted to, one per message, as `fit_channel` takes them.
    fit : callable
        Rows -> exploring model.
    read_options : callable
        (rows, arms) -> `Options`: what the customer of each row could have been sent, and
        preferred.
    worth : MessageValue
        What the shop earns by a purchase and pays for a message, minor units.
    terms : ChallengeTerms
        When to try, and with which settings.

    Returns
    -------
    ChallengeResult
        The model to keep, and why.
    """
    rejection = _explain_too_few(exploring, terms.needed)
    if rejection is not None:
        return ChallengeResult(exploring, rejection=rejection)
    gain = _gain(exploring, rows, fit, read_options, worth, terms)
    if not gain.low > 0:  # NaN where too few of its decisions were drawn to know
        return ChallengeResult(exploring, gain, "its decisions are not shown to earn more")
    return ChallengeResult(fit_corrections(exploring, rows, fit, terms.settings, terms.seed), gain)


def log_challenge(result: ChallengeResult, minor_digits: int) -> None:
    """Log to the active MLflow run how the challenger did.

    Parameters
    ----------
    result : ChallengeResult
        Logged as the tag `challenger`, and its gain as metrics in major units per decision.
    minor_digits : int
        Decimals of the currency; 2 for cents.
    """
    mlflow.set_tag("challenger", "kept" if result.rejection is None else result.rejection)
    if result.gain is not None:
        unit = 10**minor_digits
        gain = {name: getattr(result.gain, name) / unit for name in ("value", "low", "high")}
        log_scores("challenger.gain", gain)


def _explain_too_few(model: ChannelModel, needed: int) -> str | None:
    """Explain why too little was drawn at random to try; None where it is enough."""
    if not model.identified:
        return "no effect is identified"
    drawn = {arm: model.evidence[arm].randomised for arm in model.identified}
    short = [f"{arm} {count:,}" for arm, count in drawn.items() if count < needed]
    return f"fewer than {needed:,} randomised sends: {', '.join(short)}" if short else None


def _gain(
    exploring: ChannelModel,
    rows: pd.DataFrame,
    fit: ChannelFit,
    read_options: ReadOptions,
    worth: MessageValue,
    terms: ChallengeTerms,
) -> Estimate:
    """Estimate what the challenger's choice earns beyond the exploring model's."""
    judged = rows["randomised"].to_numpy(dtype=bool) & (rows["propensity"] < 1).to_numpy()
    drawn, arms = rows[judged], arms_of(rows)
    options = read_options(drawn, arms)
    fold = cluster_folds(rows[CLUSTER], _FOLDS, terms.seed)
    chosen = {name: np.empty(len(drawn), dtype=np.intp) for name in (_CHALLENGER, _CHAMPION)}
    p = np.zeros((len(drawn), len(arms)))
    for fold_index in range(_FOLDS):
        part, out = rows[fold != fold_index], np.flatnonzero(fold[judged] == fold_index)
        champion = fit(part)
        rich = fit_corrections(champion, part, fit, terms.settings, terms.seed)
        for name, model in ((_CHAMPION, champion), (_CHALLENGER, rich)):
            chosen[name][out] = recommend_all(model, drawn.iloc[out], options.take(out), worth)
        p[out] = predict_arms(champion, drawn.iloc[out], arms)
    decisions = _decisions(drawn, arms, p, worth, exploring.spend)
    policies = {name: one_hot(columns, len(arms)) for name, columns in chosen.items()}
    return gains(decisions, policies, _CHAMPION, seed=terms.seed)[_CHALLENGER]


def _decisions(
    rows: pd.DataFrame, arms: Sequence[str], p: Floats, worth: MessageValue, spend: float
) -> LoggedDecisions:
    """Value outcomes as the choice does: a purchase earns the mean amount, whatever it came to."""
    recent = worth.recent_messages(rows, len(rows))
    bought = rows["bought"].to_numpy(dtype=float)
    earned = worth.expected_values({arm: bought for arm in arms}, spend, recent)
    expected = worth.expected_values(
        {arm: p[:, column] for column, arm in enumerate(arms)}, spend, recent
    )
    sent = pd.Index(arms).get_indexer(pd.Index(rows["channel"]))
    return LoggedDecisions(
        cluster=rows[CLUSTER].to_numpy(),
        arm=sent,
        propensity=rows["propensity"].to_numpy(dtype=float),
        outcome=np.column_stack([earned[arm] for arm in arms])[np.arange(len(rows)), sent],
        model=np.column_stack([expected[arm] for arm in arms]),
    )
