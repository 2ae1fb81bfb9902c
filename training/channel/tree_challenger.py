"""The challenger of the channel model: trees on many random sends, kept only if they earn more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from models.boosters.booster import BoosterSettings
from models.channel.corrections import SETTINGS, ChannelFit, fit_rich
from models.channel.fit import customer_folds
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from training.channel.policies import arms_of, one_hot, recommend_all
from training.channel.policy_value import Estimate, LoggedDecisions, gains
from training.runs.training_runs import SEED, log_scores

EligibilityCheck = Callable[[pd.DataFrame, Sequence[str]], NDArray[np.bool_]]

# Draws of every identified arm before trees are tried: with 15,000 they still lost to the few
# shrunken traits of the exploring model.
RICH_RANDOMISED = 20_000
_FOLDS = 3
_CHALLENGER, _CHAMPION = "rich", "exploring"


@dataclass(frozen=True)
class ChallengeResult:
    """How the challenger did.

    Attributes
    ----------
    model : ChannelModel
        The one that won.
    gain : Estimate or None
        What a decision of the challenger earns beyond one of the exploring model, in minor
        units, with its interval of 95 %; None if it was not tried.
    why_not : str or None
        Why the challenger was not kept.
    """

    model: ChannelModel
    gain: Estimate | None = None
    why_not: str | None = None


def challenge_with_trees(
    exploring: ChannelModel,
    rows: pd.DataFrame,
    fit: ChannelFit,
    eligible: EligibilityCheck,
    worth: MessageValue,
    *,
    needed: int = RICH_RANDOMISED,
    settings: BoosterSettings = SETTINGS,
    seed: int = SEED,
) -> ChallengeResult:
    """Let a DR-learner challenge a channel model on customers that neither has seen.

    Parameters
    ----------
    rows : DataFrame
        What `exploring` was fitted to, as `fit_channel` takes it.
    fit : callable
        Rows -> exploring model.
    eligible : callable
        (rows, arms) -> array (rows, arms): which arms each customer could have been sent.
    needed : int
        Draws of every identified arm, without which nothing is tried.
    """
    why_not = _too_few(exploring, needed)
    if why_not is not None:
        return ChallengeResult(exploring, why_not=why_not)
    gain = _gain(exploring, rows, fit, eligible, worth, settings, seed)
    if gain.low <= 0:
        return ChallengeResult(exploring, gain, "its decisions are not shown to earn more")
    return ChallengeResult(fit_rich(exploring, rows, fit, settings, seed), gain)


def log_challenge(contest: ChallengeResult, minor_digits: int) -> None:
    """Log to the active run how the challenger did; money in major units per decision."""
    mlflow.set_tag("challenger", "kept" if contest.why_not is None else contest.why_not)
    if contest.gain is not None:
        unit = 10**minor_digits
        found = {name: getattr(contest.gain, name) / unit for name in ("value", "low", "high")}
        log_scores("challenger.gain", found)


def _too_few(model: ChannelModel, needed: int) -> str | None:
    if not model.identified:
        return "no effect is identified"
    drawn = {arm: model.evidence[arm].randomised for arm in model.identified}
    short = [f"{arm} {count:,}" for arm, count in drawn.items() if count < needed]
    return f"fewer than {needed:,} randomised sends: {', '.join(short)}" if short else None


def _gain(
    exploring: ChannelModel,
    rows: pd.DataFrame,
    fit: ChannelFit,
    eligible: EligibilityCheck,
    worth: MessageValue,
    settings: BoosterSettings,
    seed: int,
) -> Estimate:
    """Estimate what the challenger's choice earns beyond the exploring model's."""
    judged = rows["randomised"].to_numpy(dtype=bool) & (rows["propensity"] < 1).to_numpy()
    asked, arms = rows[judged], arms_of(rows)
    allowed = eligible(asked, arms)
    fold = customer_folds(rows["customer_id"], _FOLDS, seed)
    chosen = {name: np.empty(len(asked), dtype=np.intp) for name in (_CHALLENGER, _CHAMPION)}
    p = np.zeros((len(asked), len(arms)))
    for place in range(_FOLDS):
        part, out = rows[fold != place], np.flatnonzero(fold[judged] == place)
        champion = fit(part)
        rich = fit_rich(champion, part, fit, settings, seed)
        for name, model in ((_CHAMPION, champion), (_CHALLENGER, rich)):
            chosen[name][out] = recommend_all(model, asked.iloc[out], arms, allowed[out], worth)
        said = champion.predict(asked.iloc[out])
        p[out] = np.column_stack([said.get(arm, np.zeros(len(out))) for arm in arms])
    decisions = _decisions(asked, arms, p, worth, exploring.spend)
    policies = {name: one_hot(places, len(arms)) for name, places in chosen.items()}
    return gains(decisions, policies, _CHAMPION, seed=seed)[_CHALLENGER]


def _decisions(
    rows: pd.DataFrame, arms: Sequence[str], p: Floats, worth: MessageValue, spend: float
) -> LoggedDecisions:
    """Count outcomes as the choice does: a purchase earns its mean, whatever it came to."""
    recent = worth.recent(rows, len(rows))
    bought = rows["bought"].to_numpy(dtype=float)
    earned = worth.of({arm: bought for arm in arms}, spend, recent)
    expected = worth.of({arm: p[:, place] for place, arm in enumerate(arms)}, spend, recent)
    sent = pd.Index(arms).get_indexer(pd.Index(rows["channel"]))
    return LoggedDecisions(
        customer=rows["customer_id"].to_numpy(),
        arm=sent,
        propensity=rows["propensity"].to_numpy(dtype=float),
        outcome=np.column_stack([earned[arm] for arm in arms])[np.arange(len(rows)), sent],
        model=np.column_stack([expected[arm] for arm in arms]),
    )
