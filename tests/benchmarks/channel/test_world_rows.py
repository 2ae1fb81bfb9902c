"""Rows of the consent world as the product builds them, beside the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.channel.consent_settings import ARMS, ConsentSettings
from benchmarks.channel.consent_world import ConsentWorld, draw_consent_world
from benchmarks.channel.world_rows import make_world_rows, read_world_rows
from features.log.log import read_log
from features.shop.shop import read_shop
from training.channel.draws.options_at_sending import read_options

_TRUE, _ELIGIBLE = [f"true {arm}" for arm in ARMS], [f"eligible {arm}" for arm in ARMS]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> ConsentWorld:
    settings = ConsentSettings(sends=4_000, second_message=0.2, drawn=0.5)
    return draw_consent_world(0, tmp_path_factory.mktemp("world"), settings)


@pytest.fixture(scope="module")
def rows(world: ConsentWorld) -> pd.DataFrame:
    return make_world_rows(world)


def test_the_labels_of_the_product_are_what_the_world_drew(
    world: ConsentWorld, rows: pd.DataFrame
) -> None:
    bought = pd.Series(world.decided.bought, index=world.message_id)
    decisions = rows[rows["message_id"].str.startswith("m")]
    assert len(decisions) == len(bought)
    expected = bought.loc[decisions["message_id"]].to_numpy()
    np.testing.assert_array_equal(decisions["bought"], expected)


def test_each_row_has_its_truth_and_second_messages_have_none(rows: pd.DataFrame) -> None:
    second = rows["message_id"].str.startswith("s")
    assert second.any()
    assert rows.loc[second, _TRUE].isna().all(axis=None)
    assert not rows.loc[second, _ELIGIBLE].any(axis=None)
    assert rows.loc[~second, _TRUE].notna().all(axis=None)
    assert {"frequency", "country", "attr_age_band", "email_click_rate_182d"} <= set(rows)


def test_the_product_finds_the_same_arms_eligible(world: ConsentWorld, rows: pd.DataFrame) -> None:
    decisions = rows[rows["message_id"].str.startswith("m")].head(1_500)
    shop = read_shop(world.config)
    log = read_log(shop)
    arms = sorted(ARMS)
    options = read_options(log, decisions, arms, world.end, shop.rules)
    log.close()
    expected = decisions[[f"eligible {arm}" for arm in arms]].to_numpy()
    np.testing.assert_array_equal(options.eligible, expected)


def test_rows_are_kept_in_a_folder(world: ConsentWorld, tmp_path: Path) -> None:
    rows, asked = read_world_rows(world, tmp_path / "kept")
    again, _ = read_world_rows(world, tmp_path / "kept")
    pd.testing.assert_frame_equal(rows, again)
    assert len(asked) == len(world.customer_id)
    p, eligible = world.truth_at(asked["customer_id"].to_numpy(), world.moments["weekend"])
    np.testing.assert_array_equal(asked[[f"weekend true {arm}" for arm in ARMS]], p)
    np.testing.assert_array_equal(asked[_ELIGIBLE], eligible)
