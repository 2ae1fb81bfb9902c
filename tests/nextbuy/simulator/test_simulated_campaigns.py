"""Messages of a simulated shop, how they are drawn and what they cause."""

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from nextbuy.simulator.simulated_campaigns import CAMPAIGNS, draw_messages, expected_chances
from nextbuy.simulator.simulated_world import (
    CHANNELS,
    CONTROL,
    NO_MESSAGE,
    OPTIMISED,
    RANDOM,
    Customers,
)
from tests.nextbuy.simulator.exported_shop import read_table


def test_random_sends_have_their_propensity_and_reach_the_consented_only(dense_shop: Path) -> None:
    connection = duckdb.connect()
    for name in ("messages", "consents"):
        connection.execute(f"CREATE VIEW {name} AS FROM '{dense_shop / name}.parquet'")
    messages = connection.execute("SELECT arm, channel, propensity FROM messages").fetchdf()
    random = messages[messages["arm"] == "random"]
    assert 0.18 < (messages["arm"] == "random").mean() < 0.22
    assert set(random["channel"]) == {*CHANNELS, "none"}
    # a channel drawn with propensity 1/k is drawn in 1/k of the cases
    for k in (2, 3, 4):
        share = (random.loc[np.isclose(random["propensity"], 1 / k), "channel"] == "none").mean()
        assert share == pytest.approx(1 / k, abs=0.04)
    assert messages.loc[messages["arm"] == "optimised", "propensity"].isna().all()
    without = connection.execute(
        "SELECT count(*) FROM messages AS m WHERE channel <> 'none' AND NOT coalesce(("
        "SELECT arg_max(granted, changed_at) FROM consents AS c WHERE c.customer_id = m.customer_id"
        " AND c.scope = m.channel AND c.changed_at <= m.sent_at), FALSE)"
    ).fetchall()
    assert without == [(0,)]


def test_messages_move_customers_as_the_truth_says(dense_shop: Path) -> None:
    truth = read_table(dense_shop, "truth").set_index("customer_id")
    messages = read_table(dense_shop, "messages")
    alive = truth["dropped_out_at"].reindex(messages["customer_id"]).isna().to_numpy()
    for channel in CHANNELS:
        rows = messages[(messages["channel"] == channel) & alive]
        expected = truth[f"response_{channel}"].reindex(rows["customer_id"]).mean()
        share = rows["converted_at"].notna().mean()
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected / len(rows)))
    assert messages.loc[messages["channel"] == "none", "converted_at"].isna().all()


def test_no_campaign_expects_a_purchase_of_somebody_whom_the_shop_does_not_know(
    people: Customers,
) -> None:
    chances = expected_chances(people)
    assert chances.shape == (len(people.ids), len(CAMPAIGNS))
    unknown = people.known_from[:, None] >= CAMPAIGNS
    assert (chances[unknown] == 0).all()
    assert chances.min() >= 0
    assert chances.max() < 1


def test_customers_whom_no_channel_reaches_are_decided_to_get_no_message(
    people: Customers,
) -> None:
    silent = replace(people, reachable=np.zeros_like(people.reachable))
    messages = draw_messages(np.random.default_rng(1), silent, np.full(len(people.ids), np.inf))
    assert len(messages.channel) > 1000
    assert (messages.channel == NO_MESSAGE).all()
    assert np.isnan(messages.converts).all()
    assert (messages.propensity[messages.arm == CONTROL] == 1).all()
    assert (messages.propensity[messages.arm == RANDOM] == 1).all()  # none is all there is
    assert np.isnan(messages.propensity[messages.arm == OPTIMISED]).all()
    assert (expected_chances(silent) == 0).all()


def test_messages_move_nobody_who_has_left(people: Customers) -> None:
    gone = np.zeros(len(people.ids))
    messages = draw_messages(np.random.default_rng(1), people, gone)
    assert np.isnan(messages.converts).all()
