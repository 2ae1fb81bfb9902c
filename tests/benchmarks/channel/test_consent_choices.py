"""Arms of the consent world: drawn with the logged chances, or chosen by its rule."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.channel.consent_choices import choose_second
from benchmarks.channel.consent_settings import ARMS, ConsentSettings
from benchmarks.channel.consent_world import ConsentWorld, draw_consent_world


def _draw(folder: Path, **settings: object) -> tuple[ConsentWorld, pd.DataFrame]:
    world = draw_consent_world(3, folder, ConsentSettings(sends=24_000, **settings))  # type: ignore[arg-type]
    messages = pd.read_parquet(folder / "messages.parquet")
    return world, messages[messages["message_id"].str.startswith("m")]


def _drawn_counts(world: ConsentWorld, messages: pd.DataFrame) -> np.ndarray:
    """Sum 1 / propensity by arm over the number of decisions in which the arm was possible."""
    drawn = messages["propensity"].notna().to_numpy()
    weights = 1 / messages["propensity"][drawn]
    sums = weights.groupby(messages["channel"][drawn]).sum().reindex(list(ARMS))
    return np.asarray(sums / world.eligible[drawn].sum(axis=0))


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_the_drawn_share_is_alike_among_the_eligible(tmp_path: Path, share: float) -> None:
    world, messages = _draw(tmp_path, drawn=share)
    drawn = (messages["arm"] == "random").to_numpy()
    assert drawn.mean() == pytest.approx(share, abs=0.01)
    expected = 1 / world.eligible.sum(axis=1)
    np.testing.assert_allclose(messages["propensity"][drawn], expected[drawn])
    assert messages["propensity"][~drawn].isna().all()
    assert _drawn_counts(world, messages) == pytest.approx(np.ones(5), abs=0.05 / share**0.5)


def test_every_decision_of_the_greedy_policy_has_its_chance(tmp_path: Path) -> None:
    world, messages = _draw(tmp_path, policy="epsilon_greedy", epsilon=0.3)
    possible = world.eligible.sum(axis=1)
    by_rule = (world.decided.choice.arm == world.decided.choice.by_rule).astype(float)
    np.testing.assert_allclose(messages["propensity"], 0.7 * by_rule + 0.3 / possible)
    assert set(messages["arm"]) == {"random", "optimised"}
    assert _drawn_counts(world, messages) == pytest.approx(np.ones(5), abs=0.1)


def test_the_rule_sends_email_to_the_engaged(tmp_path: Path) -> None:
    world, messages = _draw(tmp_path, drawn=0.0)
    engaged = np.tile(world.people.engagement, 6)
    email = (messages["channel"] == "email").to_numpy()
    could = world.eligible[:, 1]
    assert engaged[email].mean() > engaged[could & ~email].mean() + 1


def test_members_of_a_household_who_could_be_sent_the_same_are_drawn_alike(tmp_path: Path) -> None:
    world, messages = _draw(tmp_path, households=True)
    eligible = world.eligible.reshape(-1, 2, len(ARMS))
    same = (eligible[:, 0] == eligible[:, 1]).all(axis=1)
    arms = world.decided.choice.arm.reshape(-1, 2)
    assert 0.05 < same.mean() < 0.9
    assert (arms[same, 0] == arms[same, 1]).all()
    sent = messages["sent_at"].to_numpy().reshape(-1, 2)
    assert (sent[:, 0] == sent[:, 1]).all()
    bought = world.decided.bought.reshape(-1, 2)
    assert np.corrcoef(bought[:, 0], bought[:, 1])[0, 1] > 0.1


def test_a_second_message_takes_another_channel() -> None:
    consented = np.array([[True, True, False, False], [False, True, False, False]])
    second = choose_second(np.array([1, 2]), consented)
    assert [ARMS[arm] for arm in second] == ["sms", "none"]
