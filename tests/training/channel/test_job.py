"""The training of the channel model."""

import re

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from features.errors import InputError
from models.registry import CHAMPION
from training.channel.job import check_message_rows


def test_a_run_says_why_no_trees_were_tried_on_few_draws(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    run_id = client.get_model_version_by_alias("best-channel", CHAMPION).run_id
    tags = client.get_run(run_id).data.tags
    assert tags["level"] == "exploring"
    assert re.match(r"fewer than 20,000 randomised sends: .*email \d", tags["challenger"])


def test_the_channel_model_finds_which_customers_messages_move(simulated) -> None:
    """In the simulator a message adds to the chance to buy, whatever the channel."""
    model = simulated.champions.channel
    assert model.level == "exploring"
    means = {arm: p for arm, p in model.mean_p.items() if arm != "none"}
    assert np.mean(list(means.values())) > model.mean_p["none"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [(["email"] * 10, "at least 1000 in the year"), (["none"] * 1000, "one channel besides none")],
)
def test_a_log_that_says_nothing_of_channels_is_refused(rows: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_message_rows(pd.DataFrame({"channel": rows}), 7)
