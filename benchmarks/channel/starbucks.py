"""Starbucks' rewards, simulated by its makers: ten offers or none, drawn at random in six waves.

`starbucks_rewards_simulated/` in the folder that `NEXTBUY_BENCH_DATA` names. In each wave three
members in four are sent an offer, each of the ten alike, so that an offer's propensity is .075
and that of none .25. The model learns from the first four waves and is judged on the last two, by
what a member spends in the five days after the wave, less the rewards that are paid out.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.data import data_folder
from benchmarks.rows import Row
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.traits import Trait
from models.channel.message_value import MessageValue
from models.channel.model import ChannelTraits
from models.channel.recommend import Options
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate
from training.channel.policies import BEST_FIXED, NONE, UNIFORM, one_hot, recommend_all
from training.channel.policy_value import gains, policy_values
from training.metrics.probabilities import OURS
from training.runs.training_runs import SEED

_WAVES = (0, 168, 336, 408, 504, 576)  # hours
_LEARNED = 4
_WINDOW_HOURS = 120
_CHANCE = {True: 0.075, False: 0.25}  # of an offer, of none
_COLUMNS = [
    *("transactions", "spent", "hours_since", "viewed", "completed"),
    *("income", "age", "member_days", "male", "female"),
]
_SHARED = [
    Trait("transactions", "log1p"),
    Trait("spent", "log1p"),
    Trait("viewed", "log1p"),
    Trait("completed", "log1p"),
    Trait("income", "as_is"),
    Trait("member_days", "log1p"),
]
_POWER = 1.96 + 0.84


def measure_starbucks() -> Iterator[Row]:
    """Value four policies on the last two waves, in money per member and wave.

    Yields
    ------
    Row
        A figure, some with a goal.
    """
    rows = read_starbucks()
    learned = (rows["wave"] < _LEARNED).to_numpy()
    arms = sorted(rows["channel"].unique())
    offers = [arm for arm in arms if arm != NO_MESSAGE]
    train, test = rows[learned], rows[~learned]
    model = fit_channel(
        train,
        5,
        _COLUMNS,
        ChannelTraits(_SHARED, {offer: [] for offer in offers}),
        BoosterSettings(),
        SEED,
    )
    cost = train.groupby("channel")["reward"].mean().to_dict()
    worth = MessageValue(cost={offer: float(cost[offer]) for offer in offers})
    options = Options.unrestricted(arms, len(test))
    chosen = recommend_all(model, test, options, worth)
    net = train.assign(net=train["spend"] - train["reward"]).groupby("channel")["net"].mean()
    policies = {
        OURS: one_hot(chosen, len(arms)),
        BEST_FIXED: one_hot(np.full(len(test), arms.index(str(net.idxmax()))), len(arms)),
        UNIFORM: options.eligible / len(arms),
        NONE: one_hot(np.full(len(test), arms.index(NO_MESSAGE)), len(arms)),
    }
    p = model.predict(test)
    decisions = LoggedDecisions(
        cluster=test["customer_id"].to_numpy(),
        arm=pd.Index(arms).get_indexer(pd.Index(test["channel"])),
        propensity=test["propensity"].to_numpy(),
        outcome=(test["spend"] - test["reward"]).to_numpy(),
        model=np.column_stack([model.spend * p[arm] - worth.cost.get(arm, 0.0) for arm in arms]),
    )
    for name, value in policy_values(decisions, policies).items():
        yield _row(f"Starbucks: net value of {name}", value.dr)
    gain = gains(decisions, {n: policies[n] for n in (OURS, BEST_FIXED)}, BEST_FIXED)[OURS]
    yield _row("Starbucks: gain of ours over the best fixed offer", gain)
    needed = len(test) * (_POWER * gain.error / gain.value) ** 2 if gain.value else float("inf")
    yield Row(
        "Starbucks: decisions needed to tell that gain, thousands",
        needed / 1000,
        goal="gain > 0, or the sample needed",
        met=gain.low > 0 or np.isfinite(needed),
    )


def _row(figure: str, estimate: Estimate) -> Row:
    return Row(figure, estimate.value, estimate.low, estimate.high)


def read_starbucks() -> pd.DataFrame:
    """Read Starbucks' rewards in the form that a training reads.

    Returns
    -------
    DataFrame
        One row per member and wave: `_COLUMNS`, `wave, channel` (the offer), `spend` and `reward`
        (dollars within five days), `bought, randomised, propensity`, and the columns of
        `models.channel.draws.add_chances`.
    """
    folder = data_folder("starbucks_rewards_simulated")
    events = pd.read_parquet(folder / "events.parquet")
    events = events.astype({"customer_id": str, "event": str, "offer_id": object})
    profile = _profile(pd.read_csv(folder / "profile.csv.gz"))
    waves = [_wave(events, profile, number, hour) for number, hour in enumerate(_WAVES)]
    rows = pd.concat(waves, ignore_index=True)
    arms = sorted(rows["channel"].unique())
    chances = np.tile([_CHANCE[arm != NO_MESSAGE] for arm in arms], (len(rows), 1))
    return add_chances(rows, arms, np.ones(chances.shape, dtype=bool), chances)


def _profile(members: pd.DataFrame) -> pd.DataFrame:
    joined = pd.to_datetime(members["became_member_on"])
    return pd.DataFrame(
        {
            "customer_id": members["customer_id"],
            "income": members["income"],
            "age": members["age"].where(members["age"] < 118),  # what stands for no answer
            "member_days": (joined.max() - joined).dt.days.astype(float),
            "male": (members["gender"] == "M").astype(float),
            "female": (members["gender"] == "F").astype(float),
        }
    )


def _wave(events: pd.DataFrame, profile: pd.DataFrame, number: int, hour: int) -> pd.DataFrame:
    received = events[(events["event"] == "offer received") & (events["time_h"] == hour)]
    offer = received.set_index("customer_id")["offer_id"].str[:8]
    rows = profile.assign(wave=number, channel=profile["customer_id"].map(offer).fillna(NO_MESSAGE))
    sent = rows["channel"] != NO_MESSAGE
    before = _facts(events[events["time_h"] < hour], hour)
    ahead = (events["time_h"] >= hour) & (events["time_h"] < hour + _WINDOW_HOURS)
    after = events[ahead]
    bought = after[after["event"] == "transaction"].groupby("customer_id")["amount"].sum()
    paid = after[after["event"] == "offer completed"].groupby("customer_id")["reward"].sum()
    rows = rows.merge(before, left_on="customer_id", right_index=True, how="left")
    spend = rows["customer_id"].map(bought).fillna(0.0).astype(float)
    return rows.assign(
        spend=spend,
        bought=spend > 0,
        reward=rows["customer_id"].map(paid).fillna(0).astype(float),
        randomised=True,
        propensity=sent.map(_CHANCE),
        **{c: rows[c].fillna(0.0) for c in ("transactions", "spent", "viewed", "completed")},
    )


def _facts(events: pd.DataFrame, hour: int) -> pd.DataFrame:
    """Summarise what was known of each member before a wave."""
    by_event = {name: part.groupby("customer_id") for name, part in events.groupby("event")}
    names = ("transaction", "offer viewed", "offer completed")
    empty = events.iloc[:0].groupby("customer_id")
    bought, viewed, completed = (by_event.get(name, empty) for name in names)
    return pd.DataFrame(
        {
            "transactions": bought.size().astype(float),
            "spent": bought["amount"].sum(),
            "hours_since": hour - bought["time_h"].max(),
            "viewed": viewed.size().astype(float),
            "completed": completed.size().astype(float),
        }
    )
