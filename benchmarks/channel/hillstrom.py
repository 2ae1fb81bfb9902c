"""Hillstrom's e-mail test: 64,000 customers, three equal arms drawn at random.

Kevin Hillstrom, MineThatData 2008: men's e-mail, women's e-mail, none; visits, conversions and
spend of two weeks. `hillstrom/hillstrom.csv.gz` in the folder that `NEXTBUY_BENCH_DATA` names.
The arms are contents of one channel, so that no trait is an arm's own.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.data import data_folder
from benchmarks.rows import Row
from features.arrays import Floats
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.traits import Trait
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, ChannelTraits
from models.channel.recommend import Options
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate
from training.channel.policies import (
    BEST_FIXED,
    ClusterFolds,
    arms_of,
    cross_fit,
    make_policies,
    one_hot,
    recommend_all,
)
from training.channel.policy_value import gains, policy_values
from training.metrics.probabilities import OURS
from training.runs.training_runs import SEED

ARM_MEANS = {"mens": 18.28, "womens": 15.14, "none": 10.62}  # of visits in %, as published
_ARMS = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "none"}
_COLUMNS = [
    *("recency", "history", "bought_mens", "bought_womens", "newbie"),
    *("urban", "rural", "web", "phone"),
]
_SHARED = [
    Trait("recency", "log1p"),
    Trait("history", "log1p"),
    Trait("bought_mens", "as_is"),
    Trait("bought_womens", "as_is"),
    Trait("newbie", "as_is"),
]
_BUYERS = 0.75  # quantile of history above which an effect is planted
_PLANTED = 0.10  # what it is worth over the best arm
_SEEDS = 20
_FOLDS = 3


def read_hillstrom() -> pd.DataFrame:
    """Read Hillstrom's test in the form that a training reads.

    Returns
    -------
    DataFrame
        One row per customer: `_COLUMNS`, `customer_id, channel` (the arm), `bought` (a visit),
        `spend` (dollars), `randomised, propensity`, and the columns of
        `models.channel.draws.add_chances`.
    """
    table = pd.read_csv(data_folder("hillstrom") / "hillstrom.csv.gz")
    rows = table[["recency", "history", "newbie"]].astype(float)
    rows = rows.assign(
        bought_mens=table["mens"].astype(float),
        bought_womens=table["womens"].astype(float),
        urban=(table["zip_code"] == "Urban").astype(float),
        rural=(table["zip_code"] == "Rural").astype(float),
        web=(table["channel"] == "Web").astype(float),
        phone=(table["channel"] == "Phone").astype(float),
        customer_id=table.index.astype(str),
        channel=table["segment"].map(_ARMS),
        bought=table["visit"] == 1,
        spend=table["spend"].astype(float),
        randomised=True,
        propensity=1 / 3,
    )
    arms = sorted(_ARMS.values())
    return add_chances(rows, arms, np.ones((len(rows), len(arms)), dtype=bool))


def measure_hillstrom() -> Iterator[Row]:
    """Measure our policy on the real test, and on copies with a planted effect and with none.

    Yields
    ------
    Row
        A figure with its goal.
    """
    rows = read_hillstrom()
    for arm, mean in ARM_MEANS.items():
        rate = 100 * rows["bought"][rows["channel"] == arm].mean()
        yield Row(
            f"Hillstrom: visits of {arm}, %", rate, goal=f"{mean}", met=round(rate, 2) == mean
        )
    held_out = _held_out(rows)
    yield Row(
        "Hillstrom: our policy over the best fixed arm on a held-out half, %",
        *held_out,
        goal="no significant loss",
        met=held_out[2] >= 0,
    )
    planted = [_cross_fitted(plant(rows, seed), seed).low > 0 for seed in range(_SEEDS)]
    share = float(np.mean(planted))
    yield Row("Hillstrom, +10 % planted: gain found", share, goal=">= 0.8", met=share >= 0.8)
    claimed = [_cross_fitted(_without_traits(rows, s), s).low > 0 for s in range(_SEEDS)]
    share = float(np.mean(claimed))
    yield Row("Hillstrom, nothing planted: gain claimed", share, goal="<= 0.05", met=share <= 0.05)


def plant(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Plant an effect: the women's e-mail works for those who spent most, worth +10 % over all.

    Some of those who did not visit after it do then. Over all customers it stays behind the men's.

    Parameters
    ----------
    rows : DataFrame
        From `read_hillstrom`.
    seed : int
        Seed of whose visits are added.

    Returns
    -------
    DataFrame
        The rows, with more of them `bought`.
    """
    rng = np.random.default_rng(seed)
    buyers = (rows["history"] > rows["history"].quantile(_BUYERS)).to_numpy()
    rate = {arm: rows["bought"][buyers & (rows["channel"] == arm)].mean() for arm in _ARMS.values()}
    best = rows["bought"][rows["channel"] == "mens"].mean()
    wanted = rate["mens"] + _PLANTED * best / buyers.mean()
    turned = (wanted - rate["womens"]) / (1 - rate["womens"])
    after = buyers & (rows["channel"] == "womens").to_numpy()
    return rows.assign(bought=rows["bought"] | (after & (rng.random(len(rows)) < turned)))


def _without_traits(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Shuffle the outcomes within each arm: arms keep their rates, customers lose their effects."""
    rng = np.random.default_rng(seed)
    bought = rows["bought"].to_numpy().copy()
    for of_arm in rows.groupby("channel").indices.values():
        bought[of_arm] = rng.permutation(bought[of_arm])
    return rows.assign(bought=bought)


def _fit(rows: pd.DataFrame) -> ChannelModel:
    traits = ChannelTraits(_SHARED, {"mens": [], "womens": []})
    return fit_channel(rows, 14, _COLUMNS, traits, BoosterSettings(), SEED)


def _cross_fitted(rows: pd.DataFrame, seed: int) -> Estimate:
    """Estimate our gain over the best fixed arm on all customers."""
    options = Options.unrestricted(arms_of(rows), len(rows))
    unseen = cross_fit(rows, _fit, options, MessageValue(), folds=ClusterFolds(_FOLDS, seed))
    policies = make_policies(rows, unseen, options)
    return _gain(rows, unseen.p, {name: policies[name] for name in (OURS, BEST_FIXED)})


def _held_out(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Learn on one half, and value on the other, in % of the best fixed arm's value."""
    half = np.random.default_rng(SEED).permutation(len(rows)) < len(rows) // 2
    model, test = _fit(rows[half]), rows[~half]
    arms = arms_of(rows)
    chosen = recommend_all(model, test, Options.unrestricted(arms, len(test)), MessageValue())
    fixed = np.full(len(test), arms.index(model.fixed_order[0]))
    p = np.column_stack([model.predict(test)[arm] for arm in arms])
    policies = {OURS: one_hot(chosen, len(arms)), BEST_FIXED: one_hot(fixed, len(arms))}
    gain = _gain(test, p, policies)
    value = policy_values(_decisions(test, p), policies)[BEST_FIXED].dr.value
    return 100 * gain.value / value, 100 * gain.low / value, 100 * gain.high / value


def _decisions(rows: pd.DataFrame, p: Floats) -> LoggedDecisions:
    return LoggedDecisions(
        cluster=rows["customer_id"].to_numpy(),
        arm=pd.Index(arms_of(rows)).get_indexer(pd.Index(rows["channel"])),
        propensity=rows["propensity"].to_numpy(),
        outcome=rows["bought"].to_numpy(dtype=float),
        model=p,
    )


def _gain(rows: pd.DataFrame, p: Floats, policies: dict[str, Floats]) -> Estimate:
    return gains(_decisions(rows, p), policies, BEST_FIXED)[OURS]
