"""Trains on consent worlds as `nextbuy train` does, and asks as `nextbuy predict` does.

What is measured is what a user gets: the tables are read and checked, the model is trained at the
end of the data, promoted and loaded again, and the answers come from the history store.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.channel.consent_figures import JudgedWorld, WorldGoals
from benchmarks.channel.consent_settings import ARMS, CHANNELS, ConsentSettings
from benchmarks.channel.consent_world import ConsentWorld, draw_consent_world
from benchmarks.channel.fixed_orders import best_choice, gain_over_order
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.seed_means import row_between
from benchmarks.channel.world_trials import ArmFigures, compare_with_truth, pooled_share
from benchmarks.rows import Row
from features.arrays import Flags, Floats
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from models.channel.model import Uplift
from models.kinds import CHANNEL
from serving.bulk.offline import open_offline_predictor
from serving.schemas.answer_schemas import Channel
from training.lifecycle.promote import promote
from training.train import train

# folder of the records -> world
SHOPS: dict[str, JudgedWorld] = {
    "shop_no_effect": JudgedWorld(
        "train and predict, no effect, all drawn",
        ConsentSettings(sends=30_000, effects="none"),
        seeds=5,
        goals=WorldGoals(covered=(0.85, None), above=0.07),
    ),
    "shop_occasion": JudgedWorld(
        "train and predict, occasion and attributes, all drawn",
        ConsentSettings(sends=60_000),
        seeds=5,
        goals=WorldGoals(asked=2),
    ),
}


class AskedRecord(msgspec.Struct, frozen=True):
    """The answers for everybody at one moment, beside the truth.

    Attributes
    ----------
    arms : dict of str to ArmFigures
        By channel, over the customers for whom an uplift is stated.
    choice, oracle : float
        What the recommendations, and the best choices, bring over the best fixed order, in %.
    """

    arms: dict[str, ArmFigures]
    choice: float
    oracle: float


def measure_world_shops(kept: KeptRecords) -> Iterator[Row]:
    """Train on each world and seed, and hold the answers for everybody against the truth.

    Parameters
    ----------
    kept : KeptRecords
        Where records are kept.

    Yields
    ------
    Row
        A figure of a world and a moment at which everybody is asked.
    """
    for name, world in SHOPS.items():
        trial = partial(run_shop_trial, settings=world.settings)
        records = kept.of_seeds(name, world.seeds, trial, dict[str, AskedRecord])
        for moment in records[0]:
            yield from _judge(world, moment, [record[moment] for record in records])


def run_shop_trial(seed: int, settings: ConsentSettings) -> dict[str, AskedRecord]:
    """Train a shop's channel model, promote it, and ask for all customers at each moment.

    Parameters
    ----------
    seed : int
        Seed of the world.
    settings : ConsentSettings
        The world.

    Returns
    -------
    dict of str to AskedRecord
        By the moment's name.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = draw_consent_world(seed, Path(folder), settings)
        _train(world.config)
        return {name: _ask(world, instant) for name, instant in world.moments.items()}


def _train(config: Path) -> None:
    shop = read_shop(config)
    with closing(read_log(shop)) as log:
        train(log, [CHANNEL], log.observed_until, trials=0)
        promote(shop.tracking_uri)
        build_store(log, store_path(shop), log.observed_until)


def _ask(world: ConsentWorld, send_at: int) -> AskedRecord:
    """Ask for all customers at the end of the data, for a moment of sending."""
    ids = world.customer_id.to_list()
    with open_offline_predictor(world.config) as predictor:
        answers = predictor.predict(ids, predictor.store.data_cutoff, send_at).answers
    channels = [answer.channel for answer in answers if answer.channel is not None]
    if len(channels) < len(ids):
        raise ValueError(f"{len(ids) - len(channels)} customers have no answer about channels")
    p, eligible = world.truth_at(world.customer_id.to_numpy(), send_at)
    chosen = np.array([ARMS.index(channel.recommended) for channel in channels])
    return AskedRecord(
        arms=_compare_uplift(channels, p, eligible),
        choice=gain_over_order(p, eligible, chosen),
        oracle=gain_over_order(p, eligible, best_choice(p, eligible)),
    )


def _compare_uplift(
    channels: Sequence[Channel], p: Floats, eligible: Flags
) -> dict[str, ArmFigures]:
    """Compare the uplift that is stated with the true one, by arm; no arm is left out by any."""
    figures = {}
    for place, arm in enumerate(CHANNELS, start=1):
        ranked = [next(r for r in channel.ranking if r.channel == arm) for channel in channels]
        stated = np.array([r.uplift_90 is not None for r in ranked])
        if (stated != eligible[:, place]).any():
            raise ValueError(f"the uplift of {arm} is stated for others than those eligible")
        rows = [(r.uplift, *r.uplift_90) for r in ranked if r.uplift_90 is not None]
        true = (p[:, place] - p[:, 0])[stated]
        figures[arm] = compare_with_truth(Uplift(*np.array(rows, dtype=float).T), true)
    return figures


def _judge(world: JudgedWorld, moment: str, records: Sequence[AskedRecord]) -> Iterator[Row]:
    """Make the rows of a world with everybody asked at a moment."""
    title, goals = f"{world.title}, everybody asked at a moment of the {moment}", world.goals
    for arm in CHANNELS:
        biases = [record.arms[arm].bias for record in records]
        yield row_between(f"{title}: mean uplift said less the truth, {arm}, pp", biases)
    covered = [pooled_share(record.arms, "covered") for record in records]
    yield row_between(f"{title}: share of uplift_90 that holds the truth", covered, *goals.covered)
    above = [pooled_share(record.arms, "above") for record in records]
    yield row_between(f"{title}: share of uplift_90 above 0", above, None, goals.above)
    if world.settings.effects == "none":
        return
    figure = f"{title}: gain over the best fixed order, %"
    yield row_between(figure, [record.choice for record in records], goals.asked)
    yield row_between(f"{figure}, of the oracle", [record.oracle for record in records])
