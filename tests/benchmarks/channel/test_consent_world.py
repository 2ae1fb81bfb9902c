"""The consent world: what it writes is what it says, and its truth is what happens."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.channel.consent_settings import ARMS, ConsentSettings
from benchmarks.channel.consent_world import ConsentWorld, draw_consent_world, oracle_gain

KINDS: dict[str, dict[str, Any]] = {
    "drawn": {},
    "a tenth drawn": {"drawn": 0.1},
    "greedy on the logit scale": {"policy": "epsilon_greedy", "scale": "logit", "season": 1.4},
    "second messages": {"second_message": 0.3, "drawn": 0.5},
    "households": {"households": True},
    "steps": {"effects": "steps"},
}


@cache
def _world(kind: str, seed: int = 0, sends: int = 30_000) -> ConsentWorld:
    settings = ConsentSettings(sends=sends, **KINDS[kind])
    return draw_consent_world(seed, Path(mkdtemp()), settings)


def _table(world: ConsentWorld, name: str) -> pd.DataFrame:
    return pd.read_parquet(world.config.parent / f"{name}.parquet")


def _by_cluster(world: ConsentWorld, values: np.ndarray) -> np.ndarray:
    """Sum values of decisions by customer, or by household where there are households."""
    sums = values.reshape(-1, len(world.customer_id)).sum(axis=0)
    return sums.reshape(-1, 2).sum(axis=1) if world.settings.households else sums


@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_purchases_is_the_truth_in_expectation(kind: str) -> None:
    world = _world(kind)
    decided, rows = world.decided, np.arange(len(world.message_id))
    happened = decided.bought - decided.p_latent[rows, decided.choice.arm]
    surprise = _by_cluster(world, happened)
    assert abs(surprise.sum()) < 3.5 * np.sqrt((surprise**2).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_given_the_log_is_the_mean_of_the_truth_given_the_engagement(kind: str) -> None:
    world = _world(kind)
    for arm in range(len(ARMS)):
        seen, latent = world.p_true[:, arm], world.decided.p_latent[:, arm]
        mean = _by_cluster(world, latent - seen)
        assert abs(mean.sum()) < 3.5 * np.sqrt((mean**2).sum())
        slope = np.cov(seen, latent)[0, 1] / seen.var()
        assert slope == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_without_consent_at_the_instant_is_never_used(kind: str) -> None:
    world = _world(kind)
    sent = _table(world, "messages").query("channel != 'none'")
    changes = _table(world, "consents").rename(columns={"scope": "channel"})
    known = sent.merge(changes, on=["customer_id", "channel"], how="left")
    known = known[known["changed_at"] < known["sent_at"]].sort_values("changed_at")
    latest = known.groupby("message_id")["granted"].last()
    assert len(latest) == len(sent)
    assert latest.all()


def test_the_arm_of_each_decision_was_eligible() -> None:
    for kind in KINDS:
        world = _world(kind)
        rows = np.arange(len(world.message_id))
        assert world.eligible[rows, world.decided.choice.arm].all()
        assert world.eligible[:, 0].all()


def test_windows_overlap_only_where_a_second_message_opens_one() -> None:
    messages = _table(_world("drawn"), "messages").sort_values(["customer_id", "sent_at"])
    gaps = messages.groupby("customer_id")["sent_at"].diff().dropna()
    assert gaps.min() > pd.Timedelta(days=8)
    seconds = _table(_world("second messages"), "messages")
    seconds = seconds[seconds["message_id"].str.startswith("s")]
    assert 0.1 < len(seconds) / 30_000 < 0.3
    assert seconds["propensity"].isna().all()


def test_no_effect_is_the_same_chance_for_every_arm(tmp_path: Path) -> None:
    settings = ConsentSettings(sends=4_000, effects="none", second_message=0.3, scale="logit")
    world = draw_consent_world(0, tmp_path, settings)
    np.testing.assert_allclose(world.p_true, world.p_true[:, [0] * len(ARMS)])
    assert oracle_gain(world) == pytest.approx({"log": 0, "week": 0, "weekend": 0}, abs=1e-9)


def test_who_consents_buys_more_so_that_comparing_everybody_misleads() -> None:
    world = _world("drawn")
    for arm in range(1, len(ARMS)):
        could, base = world.eligible[:, arm], world.decided.p_latent[:, 0]
        assert base[could].mean() > 1.3 * base[~could].mean()


def test_the_same_seed_is_the_same_shop_and_another_one_is_not(tmp_path: Path) -> None:
    settings = ConsentSettings(sends=4_000, drawn=0.5)
    one, same, other = (
        draw_consent_world(seed, tmp_path / name, settings)
        for seed, name in ((1, "one"), (1, "same"), (2, "other"))
    )
    for table in ("orders", "customers", "consents", "messages"):
        pd.testing.assert_frame_equal(_table(one, table), _table(same, table))
    np.testing.assert_array_equal(one.p_true, same.p_true)
    assert not np.array_equal(one.decided.bought, other.decided.bought)


def test_the_best_choice_is_worth_13_percent_and_5_at_one_moment() -> None:
    gains = pd.DataFrame([oracle_gain(_world("drawn", seed)) for seed in range(2)]).mean()
    assert gains["log"] == pytest.approx(13, abs=1)
    assert gains[["week", "weekend"]].mean() == pytest.approx(5, abs=1)


def test_the_truth_is_read_by_the_ids_of_messages_and_customers() -> None:
    world = _world("second messages")
    truth = world.row_truth(np.array(["m000003", "s000000", "m000000"]))
    np.testing.assert_array_equal(truth[[0, 2]], world.p_true[[3, 0]])
    assert np.isnan(truth[1]).all()
    assert not world.row_eligible(np.array(["s000000"])).any()
    p, eligible = world.truth_at(np.array(["c000002", "c000001"]), world.moments["weekend"])
    assert p.shape == eligible.shape == (2, len(ARMS))
    with pytest.raises(ValueError, match="after the log"):
        world.truth_at(np.array(["c000002"]), world.end - 1)


def test_push_is_worth_more_at_the_weekend() -> None:
    world = _world("drawn")
    ids, push = world.customer_id.to_numpy(), ARMS.index("push")
    week, weekend = (world.truth_at(ids, world.moments[name])[0] for name in ("week", "weekend"))
    uplift = (weekend[:, push] - weekend[:, 0]).mean() - (week[:, push] - week[:, 0]).mean()
    assert uplift == pytest.approx(0.04, abs=0.01)


def test_a_choice_is_valued_beside_the_best_fixed_order_of_the_same_rows() -> None:
    world = _world("drawn")
    rows = np.flatnonzero(world.eligible.all(axis=1))
    assert world.gain(np.zeros(len(rows), dtype=int), rows) < -10
    order = world.best_fixed()
    assert sorted(order) == sorted(ARMS)
    assert order[-1] == "none"
