"""Runs learned policies and rivals in the world of `channel_world`, and values them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.channel.channel_world import ARMS, World
from features.arrays import Indices
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.traits import Trait
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, ChannelTraits
from models.channel.recommend import Options
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate
from training.channel.policies import BEST_FIXED, ClusterFolds, cross_fit, one_hot, recommend_all
from training.channel.policy_value import gains, policy_values
from training.metrics.probabilities import OURS
from training.runs.training_runs import SEED

SORTED_INDEX = [sorted(ARMS).index(arm) for arm in ARMS]  # of each arm among the sorted ones
_TRAITS = ChannelTraits(
    [Trait("frequency", "log1p"), Trait("days_since_last", "log1p"), Trait("mobile", "as_is")],
    {arm: [Trait(f"{arm}_click_rate", "logit")] for arm in ARMS[1:]},
)
_SPEND = 50.0


def messages_of(world: World) -> pd.DataFrame:
    """Return the world's sends in the form that a training reads.

    Parameters
    ----------
    world : World
        n sends.

    Returns
    -------
    DataFrame
        One row per send: the traits, `customer_id, channel, bought, spend, randomised, propensity`
        and the chances of the arms.
    """
    rows = world.traits.assign(
        customer_id=world.customer.astype(str),
        channel=np.array(ARMS)[world.arm],
        bought=world.bought,
        spend=_SPEND * world.bought,
        randomised=world.randomised,
        propensity=np.where(world.randomised, 1 / len(ARMS), np.nan),
    )
    return add_chances(rows, ARMS, np.ones((len(rows), len(ARMS)), dtype=bool))


def fit_world(rows: pd.DataFrame) -> ChannelModel:
    """Fit the shipped channel model to sends of the world.

    Parameters
    ----------
    rows : DataFrame
        From `messages_of`.

    Returns
    -------
    ChannelModel
    """
    return fit_channel(rows, 7, _world_columns(), _TRAITS, BoosterSettings(), SEED)


def _world_columns() -> list[str]:
    clicks = [f"{arm}_click_rate" for arm in ARMS[1:]]
    noise = [f"noise_{index}" for index in range(len(ARMS) - 1)]
    return ["frequency", "days_since_last", "mobile", *clicks, *noise]


def learned_choice(world: World, model: ChannelModel) -> Indices:
    """Choose the arm that the model recommends for each send.

    Parameters
    ----------
    world : World
        n sends.
    model : ChannelModel
        A fitted model.

    Returns
    -------
    int array (n,)
        Indices into `ARMS`.
    """
    rows = messages_of(world)
    return recommend_all(model, rows, Options.unrestricted(ARMS, len(rows)), MessageValue())


def per_channel_choice(world: World) -> Indices:
    """Choose as a rival does: by one LightGBM of conversion per channel on the whole log.

    Parameters
    ----------
    world : World
        n sends.

    Returns
    -------
    int array (n,)
        Indices into `ARMS`.
    """
    rows, columns = messages_of(world), _world_columns()
    scores = []
    for index in range(len(ARMS)):
        sent = rows[world.arm == index]
        rate = np.clip(sent["bought"].mean(), 1e-6, 1 - 1e-6)
        offset = np.full(len(sent), np.log(rate / (1 - rate)))
        bought = sent["bought"].to_numpy(dtype=float)
        booster = ResidualBooster.fit(
            sent, columns, BoosterTarget(bought, offset), BoosterSettings(), seed=SEED
        )
        scores.append(offset[0] + booster.correction(rows))
    return np.asarray(np.column_stack(scores).argmax(axis=1))


class Valued:
    """The cross-fitted policy of one world: its estimated value, and its true value.

    Attributes
    ----------
    true_value : float
        Conversions per send of the policy, which only the world's maker knows.
    """

    def __init__(self, world: World) -> None:
        rows = messages_of(world)
        options = Options.unrestricted(sorted(ARMS), len(rows))
        unseen = cross_fit(rows, fit_world, options, MessageValue(), folds=ClusterFolds(seed=SEED))
        drawn = world.randomised
        self._policies = {
            OURS: one_hot(unseen.chosen, len(ARMS))[drawn],
            BEST_FIXED: one_hot(unseen.fixed, len(ARMS))[drawn],
        }
        self._decisions = LoggedDecisions(
            cluster=world.customer[drawn],
            arm=np.array(SORTED_INDEX)[world.arm[drawn]],
            propensity=np.full(drawn.sum(), 1 / len(ARMS)),
            outcome=world.bought[drawn].astype(float),
            model=unseen.p[drawn],
        )
        back = np.argsort(SORTED_INDEX)
        self.true_value = world.value(back[unseen.chosen])

    def value(self) -> Estimate:
        """Estimate our policy's conversions per decision, with an interval of its own."""
        return policy_values(self._decisions, {OURS: self._policies[OURS]})[OURS].dr

    def gain(self) -> Estimate:
        """Estimate our policy's conversions per decision beyond the best fixed arm's."""
        by_policy: Mapping[str, Estimate] = gains(self._decisions, self._policies, BEST_FIXED)
        return by_policy[OURS]
