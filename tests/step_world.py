"""Messages drawn at random, whose effects are steps that no few slopes can say."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.traits import Trait
from models.channel.model import ChannelModel, ChannelTraits
from models.channel.recommend import Options

ARMS = ("email", "none", "sms")
_COLUMNS = ["gap_mean", "gap_max", "days_since_last"]
_TRAITS = ChannelTraits(
    [Trait("frequency", "log1p")],
    {arm: [Trait(f"{arm}_click_rate_182d", "logit")] for arm in ("email", "sms")},
)


def draw_messages(n: int, step: float, seed: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Draw messages, and each one's true P(purchase) by arm: array (n, 3).

    Whose `gap_max` and `days_since_last` are both high or both low buys more after e-mail, by
    `step` on the logit scale, and less after a text; of the others it is the other way round.
    Of both features, the one alone says nothing. Those with a high `gap_max` are sent e-mail
    twice as often.
    """
    rng = np.random.default_rng(seed)
    high, late = rng.integers(0, 2, (2, n))
    likely = rng.normal(size=n)
    side = np.where(high == late, step, -step)
    effects = np.column_stack([0.4 + side, np.zeros(n), 0.4 - side])
    p = expit(-2.0 + 0.5 * likely[:, None] + effects)
    chances = np.where(high[:, None] == 1, [0.5, 0.25, 0.25], [1 / 3] * 3)
    arm = (rng.random(n)[:, None] > chances.cumsum(axis=1)[:, :2]).sum(axis=1)
    drawn = np.arange(n), arm
    bought = rng.random(n) < p[drawn]
    rows = pd.DataFrame(
        {
            "customer_id": rng.integers(0, n // 2, n).astype(str),
            "channel": np.array(ARMS)[arm],
            "randomised": True,
            "propensity": chances[drawn],
            "bought": bought,
            "spend": np.where(bought, 4000.0, 0.0),
            "gap_mean": likely,
            "gap_max": high.astype(float),
            "days_since_last": late.astype(float),
            "frequency": rng.poisson(2, n).astype(float),
            "email_click_rate_182d": expit(-3 + rng.normal(size=n)),
            "sms_click_rate_182d": expit(-3 + rng.normal(size=n)),
        }
    )
    return add_chances(rows, ARMS, chances > 0, listed=chances), p


def fit_exploring(rows: pd.DataFrame) -> ChannelModel:
    return fit_channel(rows, 7, _COLUMNS, _TRAITS, BoosterSettings(rounds=20), seed=1)


def everybody(rows: pd.DataFrame, arms: Sequence[str]) -> Options:
    return Options.unrestricted(arms, len(rows))
