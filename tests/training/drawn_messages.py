"""Messages of a simulated log whose truth is known, and the study of them."""

import numpy as np
import pandas as pd
from scipy.special import expit

from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.traits import Trait
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, ChannelTraits
from models.channel.recommend import Options
from training.channel.policies import (
    ClusterFolds,
    cross_fit,
)
from training.channel.study import PolicyStudy, study_policies

ARMS = ["email", "none", "sms"]


TRAITS = ChannelTraits([], {a: [Trait(f"{a}_click_rate_182d", "logit")] for a in ("email", "sms")})


SETTINGS = BoosterSettings(rounds=20)


def draw_messages(n: int, drawn: float = 1.0, slope: float = 1.5, seed: int = 0) -> pd.DataFrame:
    """Half of the customers answer e-mail, half text messages; a rule sends e-mail to the keen."""
    rng = np.random.default_rng(seed)
    liking, keen = rng.normal(size=n), rng.normal(size=n)
    at_random = rng.random(n) < drawn
    arm = np.where(at_random, rng.integers(0, 3, n), np.where(keen > 0, 0, 2))
    effect = np.column_stack([0.3 + slope * liking, np.zeros(n), 0.35 - slope * liking])
    bought = rng.random(n) < expit(-2.0 + 0.7 * keen + effect[np.arange(n), arm])
    messages = pd.DataFrame(
        {
            "customer_id": (np.arange(n) // 2).astype(str),
            "channel": np.array(ARMS)[arm],
            "randomised": at_random,
            "propensity": np.where(at_random, 1 / 3, np.nan),
            "bought": bought,
            "spend": np.where(bought, 5000.0, 0.0),
            "frequency": rng.poisson(2, n).astype(float),
            "email_click_rate_182d": expit(-2 + liking),
            "sms_click_rate_182d": expit(-2 - liking),
            "email_open_rate_182d": rng.random(n),
            "sms_open_rate_182d": 0.5,
        }
    )
    return add_chances(messages, ARMS, np.ones((n, len(ARMS)), dtype=bool))


def fit_traits(rows: pd.DataFrame) -> ChannelModel:
    """Fit a small channel model."""
    return fit_channel(rows, 7, ["frequency"], TRAITS, SETTINGS, seed=1)


def allow_all(rows: pd.DataFrame) -> Options:
    """Make every arm eligible for everybody."""
    return Options.unrestricted(ARMS, len(rows))


def study_of(rows: pd.DataFrame, worth: MessageValue | None = None) -> PolicyStudy:
    """Study the policies on messages, every arm eligible."""
    reasons = ["frequency", "email_click_rate_182d"]
    options, worth = allow_all(rows), worth or MessageValue()
    unseen = cross_fit(rows, fit_traits, options, worth, folds=ClusterFolds(2))
    return study_policies(rows, unseen, options, worth, reasons=reasons, folds=ClusterFolds(2))
