"""Fits the channel model to a consent world as a training does, and holds it against the truth."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd

from benchmarks.channel.consent_settings import ARMS, WINDOW, ConsentSettings
from benchmarks.channel.consent_settings import DAY as DAY_SECONDS
from benchmarks.channel.consent_tables import TIMEZONE
from benchmarks.channel.consent_world import draw_consent_world
from benchmarks.channel.draw_errors import draw_errors
from benchmarks.channel.fixed_orders import best_choice, follow_order, gain_over_order
from benchmarks.channel.world_rows import read_world_catalog, read_world_rows
from features.arrays import Array, Flags, Floats
from features.language.catalog import Catalog
from models.arms import NO_MESSAGE
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Level, Uplift
from models.channel.occasion import occasion_columns, possible_column
from models.channel.recommend import Options
from training.channel.draws.send_situations import options_of
from training.channel.job import fit_channel_model
from training.channel.policies import recommend_all
from training.channel.tree_challenger import challenge_with_trees

WINDOW_DAYS = WINDOW // DAY_SECONDS
_POINTS = 100  # percentage points


class ArmFigures(msgspec.Struct, frozen=True):
    """What a model states of one arm, beside the truth, over the decisions that could choose it.

    Attributes
    ----------
    decisions : int
        Number of decisions of the log in which the arm was eligible.
    stated, true : float
        Mean uplift, stated and true, percentage points.
    covered, above : float
        Share of the decisions whose interval of 90 % holds the true uplift, and lies above 0.
    """

    decisions: int
    stated: float
    true: float
    covered: float
    above: float

    @property
    def bias(self) -> float:
        """Mean uplift that is stated less the true one, percentage points."""
        return self.stated - self.true


class ChoiceGains(msgspec.Struct, frozen=True):
    """What choices bring over the world's best fixed order, in %.

    Attributes
    ----------
    choice : float
        The model's choice for each customer.
    fixed_order : float
        The order of arms that the model holds best for everybody; at most 0.
    oracle : float
        The best eligible arm for each customer.
    """

    choice: float
    fixed_order: float
    oracle: float


class WorldRecord(msgspec.Struct, frozen=True):
    """The figures of a channel model that was fitted to one consent world.

    Attributes
    ----------
    level : {"observational", "exploring", "rich"}
        What the model's effects are.
    arms : dict of str to ArmFigures
        By channel whose effect is identified.
    draw_errors : dict of str to float
        By channel: what the chance of the draws alone adds to an uplift, percentage points.
    log : ChoiceGains
        Over the decisions of the log.
    asked : dict of str to ChoiceGains
        With everybody asked at one moment after the log, by the moment's name.
    """

    level: Level
    arms: dict[str, ArmFigures]
    draw_errors: dict[str, float]
    log: ChoiceGains
    asked: dict[str, ChoiceGains]


def run_world_trial(seed: int, settings: ConsentSettings, folder: Path) -> WorldRecord:
    """Fit the channel model to a consent world, and compute its figures.

    Parameters
    ----------
    seed : int
        Seed of the world.
    settings : ConsentSettings
        The world.
    folder : Path
        The folder of the world's records: the rows of this seed are kept in a folder in it, and
        read if they are there.

    Returns
    -------
    WorldRecord
    """
    with tempfile.TemporaryDirectory() as shop:
        world = draw_consent_world(seed, Path(shop), settings)
        rows, asked = read_world_rows(world, folder / str(seed))
        catalog = read_world_catalog(world)
    model = fit_shipped_model(rows, catalog)
    decisions = rows[rows[f"true {NO_MESSAGE}"].notna()]
    eligible = _columns(asked, "eligible").astype(bool)
    return WorldRecord(
        level=model.level,
        arms=_compare_uplift(model, decisions),
        draw_errors=draw_errors(decisions),
        log=_gains(
            model,
            decisions,
            _columns(decisions, "true"),
            _columns(decisions, "eligible").astype(bool),
        ),
        asked={
            moment: _gains(
                model,
                add_moment(asked, instant, eligible),
                _columns(asked, f"{moment} true"),
                eligible,
            )
            for moment, instant in world.moments.items()
        },
    )


def fit_shipped_model(rows: pd.DataFrame, catalog: Catalog) -> ChannelModel:
    """Fit the channel model as a training does, with its challenge by trees.

    Parameters
    ----------
    rows : DataFrame
        One row per message, from `make_world_rows` with texts.
    catalog : Catalog
        From `read_world_catalog`.

    Returns
    -------
    ChannelModel
    """

    def fit(part: pd.DataFrame) -> ChannelModel:
        return fit_channel_model(part, WINDOW_DAYS, catalog)

    return challenge_with_trees(fit(rows), rows, fit, options_of, MessageValue()).model


def add_moment(asked: pd.DataFrame, instant: int, eligible: Flags) -> pd.DataFrame:
    """Add the situation of customers who are all asked about at one moment.

    Parameters
    ----------
    asked : DataFrame
        One row per customer, from `make_asked_rows`.
    instant : int
        The moment, at which every arm would be sent (microseconds UTC).
    eligible : bool array (n, 5)
        Which arms may be given, in the order of `ARMS`.

    Returns
    -------
    DataFrame
        The rows with the columns of the occasion and of what is possible.
    """
    send_at = np.full(eligible.shape, instant, dtype=np.int64)
    last = asked["last_message_at"].to_numpy(dtype=float)
    possible = {possible_column(arm): eligible[:, k].astype(float) for k, arm in enumerate(ARMS)}
    occasion = occasion_columns(ARMS, send_at, last, ZoneInfo(TIMEZONE))
    return pd.concat([asked, pd.DataFrame({**occasion, **possible}, index=asked.index)], axis=1)


def compare_with_truth(stated: Uplift, true: Floats) -> ArmFigures:
    """Compare the uplift of one arm that is stated for n customers with the true one.

    Parameters
    ----------
    stated : Uplift
        Differences of probabilities, arrays (n,).
    true : array (n,)
        The true differences.
    """
    return ArmFigures(
        decisions=len(true),
        stated=_POINTS * float(stated.value.mean()),
        true=_POINTS * float(true.mean()),
        covered=float(((stated.low <= true) & (true <= stated.high)).mean()),
        above=float((stated.low > 0).mean()),
    )


def pooled_share(arms: Mapping[str, ArmFigures], share: str) -> float:
    """Return `covered` or `above` over the decisions of all arms."""
    weights = [figures.decisions for figures in arms.values()]
    return float(np.average([getattr(f, share) for f in arms.values()], weights=weights))


def _compare_uplift(model: ChannelModel, decisions: pd.DataFrame) -> dict[str, ArmFigures]:
    """Compare the uplift that a model states with the true one, by arm."""
    figures = {}
    for arm, uplift in model.uplift(decisions).items():
        true = (decisions[f"true {arm}"] - decisions[f"true {NO_MESSAGE}"]).to_numpy(dtype=float)
        able = decisions[f"eligible {arm}"].to_numpy(dtype=bool)
        of_able = Uplift(uplift.value[able], uplift.low[able], uplift.high[able])
        figures[arm] = compare_with_truth(of_able, true[able])
    return figures


def _gains(model: ChannelModel, rows: pd.DataFrame, p: Floats, eligible: Flags) -> ChoiceGains:
    """Value the model's choice and its order of arms by the true chances."""
    options = Options.of(ARMS, eligible, [None] * len(rows))
    chosen = recommend_all(model, rows, options, MessageValue())
    order = dict.fromkeys([*model.fixed_order, *ARMS])  # an arm without an effect comes last
    fixed = follow_order(np.array([ARMS.index(arm) for arm in order]), eligible)
    choices = (chosen, fixed, best_choice(p, eligible))
    return ChoiceGains(*(gain_over_order(p, eligible, choice) for choice in choices))


def _columns(rows: pd.DataFrame, prefix: str) -> Array:
    return rows[[f"{prefix} {arm}" for arm in ARMS]].to_numpy()
