"""The challenger of the channel model: kept where its choices earn more, and only there."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from models.boosters.booster import BoosterSettings
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Evidence
from models.channel.recommend import Options
from tests.step_world import ARMS, draw_messages, everybody, fit_exploring
from training.channel import tree_challenger as challenger
from training.channel.mean_estimates import Estimate
from training.channel.policies import recommend_all
from training.channel.tree_challenger import (
    RICH_RANDOMISED,
    ChallengeResult,
    ChallengeTerms,
    challenge_with_trees,
    log_challenge,
)

SETTINGS = BoosterSettings(rounds=60, min_rows=1000, l2=1000.0)


def _challenge(rows: pd.DataFrame, needed: int = 2000, **options) -> ChallengeResult:
    given = {"read_options": everybody, "worth": MessageValue()} | options
    terms = ChallengeTerms(needed=needed, settings=SETTINGS, seed=1)
    return challenge_with_trees(fit_exploring(rows), rows, fit_exploring, **given, terms=terms)


def _true_value(model: ChannelModel) -> float:
    rows, p = draw_messages(10_000, 0.5, seed=9)
    chosen = recommend_all(model, rows, everybody(rows, ARMS), MessageValue())
    return float(p[np.arange(len(rows)), chosen].mean())


def test_trees_that_find_steps_are_kept_and_earn_more() -> None:
    rows, _ = draw_messages(36_000, 0.5, seed=0)
    found = _challenge(rows)
    assert (found.model.level, found.rejection) == ("rich", None)
    truly = _true_value(found.model) - _true_value(fit_exploring(rows))
    assert truly > 0.03
    assert 0 < found.gain.low < truly * found.model.spend < 1.2 * found.gain.high


def test_trees_that_have_nothing_to_find_are_not_kept() -> None:
    rows, _ = draw_messages(36_000, 0.0, seed=0)
    found = _challenge(rows)
    assert found.model.level == "exploring"
    assert found.model.corrections == {}
    assert found.gain.low <= 0
    assert found.rejection == "its decisions are not shown to earn more"


def test_where_nobody_has_a_choice_nothing_can_be_gained() -> None:
    rows, _ = draw_messages(9000, 0.5, seed=0)
    asked: list[pd.DataFrame] = []

    def read_options(rows: pd.DataFrame, arms: list[str]) -> Options:
        asked.append(rows)
        eligible = np.tile([arm == "none" for arm in arms], (len(rows), 1))
        return Options.of(arms, eligible, [None] * len(rows))

    rows.loc[:99, "propensity"] = 1.0  # drawn, but from one arm
    rows.loc[100:199, ["randomised", "propensity"]] = [False, np.nan]
    found = _challenge(rows, read_options=read_options, needed=1000)
    assert (found.gain.value, found.model.level) == (0.0, "exploring")
    assert [len(part) for part in asked] == [8800]


def _never(*asked: object) -> ChannelModel:
    raise AssertionError(f"nothing is to be fitted or asked: {asked}")


@pytest.fixture(scope="module")
def exploring() -> ChannelModel:
    return fit_exploring(draw_messages(3000, 0.0, seed=0)[0])


def _counts(exploring: ChannelModel, **randomised: int) -> ChannelModel:
    evidence = {arm: Evidence(count, 0, count) for arm, count in randomised.items()}
    return msgspec.structs.replace(exploring, evidence=evidence)


def test_below_the_floor_of_draws_nothing_is_tried(exploring: ChannelModel) -> None:
    short = _counts(exploring, email=RICH_RANDOMISED, none=RICH_RANDOMISED - 1, sms=30_000)
    found = challenge_with_trees(short, pd.DataFrame(), _never, _never, MessageValue())
    assert found == ChallengeResult(short, None, "fewer than 20,000 randomised sends: none 19,999")


def test_associations_are_not_challenged(exploring: ChannelModel) -> None:
    observed = msgspec.structs.replace(exploring, level="observational")
    found = challenge_with_trees(observed, pd.DataFrame(), _never, _never, MessageValue())
    assert found == ChallengeResult(observed, None, "no effect is identified")


@pytest.mark.parametrize("rejection", [None, "its decisions are not shown to earn more"])
def test_the_run_says_how_the_challenger_did(
    exploring: ChannelModel, monkeypatch: pytest.MonkeyPatch, rejection: str | None
) -> None:
    tags: dict[str, str] = {}
    scores: dict[str, dict[str, float]] = {}
    monkeypatch.setattr(challenger.mlflow, "set_tag", tags.__setitem__)
    monkeypatch.setattr(challenger, "log_scores", scores.__setitem__)
    log_challenge(
        ChallengeResult(exploring, Estimate(50.0, 10.0, 30.0, 70.0), rejection), minor_digits=2
    )
    assert tags == {"challenger": rejection or "kept"}
    assert scores == {"challenger.gain": {"value": 0.5, "low": 0.3, "high": 0.7}}
