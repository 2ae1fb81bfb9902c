"""Messages of a simulated shop, how they are drawn and what they cause."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from nextbuy.simulator.world import CHANNELS
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
        found = rows["converted_at"].notna().mean()
        assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / len(rows)))
    assert messages.loc[messages["channel"] == "none", "converted_at"].isna().all()
