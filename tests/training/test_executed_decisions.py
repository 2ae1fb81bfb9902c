"""What learning takes from the decision table."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contract.tables import DrawReason
from features.ledgers.decisions import Decision, open_decisions
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff
from training.labels import count_sends, make_message_labels

WriteShop = Callable[..., Path]


def _decision(
    number: int,
    channel: str,
    propensity: float,
    arm: DrawReason = "random",
    send_at: int | None = None,
) -> Decision:
    return Decision(
        decision_id=f"d{number}",
        decided_at=0,
        expires_at=1,
        account="c",
        customer_id="c",
        campaign="spring",
        key=str(number),
        channel=channel,
        arm=arm,
        propensity=propensity,
        propensities={channel: propensity, "none": 1 - propensity},
        policy_version="1-0",
        send_at=send_at,
    )


@pytest.fixture
def shop(write_shop: WriteShop, orders: Callable[..., pd.DataFrame]) -> Path:
    messages = pd.DataFrame(
        {
            "message_id": ["as decided", "otherwise", "unknown", "alone"],
            "customer_id": "c",
            "sent_at": "2020-03-01 12:00:00",
            "channel": ["email", "sms", "email", "email"],
            "decision_id": ["d1", "d2", "d9", None],
            "propensity": [None, 0.5, 0.4, None],
            "arm": [None, "random", "random", None],
        }
    )
    bought = orders(("c", "2020-03-02 12:00:00", 1))
    return write_shop({"orders": bought, "messages": messages}, observed_until="2020-12-31")


def test_who_could_be_sent_nothing_was_not_held_out(shop: Path) -> None:
    """No message was the only arm: the tag says control, and nothing was drawn."""
    table = open_decisions(read_shop(shop))
    table.decide_once([_decision(1, "email", 1.0, arm="control")])
    table.close()
    assert _drawn(_read(shop))["as decided"] is False


def _read(shop: Path) -> Log:
    return read_log(read_shop(shop))


def _drawn(log: Log) -> dict[str, bool]:
    labels = make_message_labels(log, 7, log.observed_until).set_index("message_id")
    return labels["randomised"].to_dict()


def test_without_a_decision_table_messages_speak_for_themselves(shop: Path) -> None:
    assert _drawn(_read(shop)) == {
        "as decided": False,
        "otherwise": True,
        "unknown": True,
        "alone": False,
    }


def test_a_message_is_drawn_as_the_decision_that_it_carried_out(shop: Path) -> None:
    table = open_decisions(read_shop(shop))
    table.decide_once([_decision(1, "email", 0.7), _decision(2, "email", 0.7)])
    table.decide_once([_decision(3, "email", 0.7)])  # never carried out
    table.close()
    log = _read(shop)
    assert _drawn(log) == {
        "as decided": True,
        "otherwise": False,
        "unknown": True,
        "alone": False,
    }
    labels = make_message_labels(log, 7, log.observed_until).set_index("message_id")
    assert labels.loc["as decided", "propensity"] == 0.7
    assert labels.loc["unknown", "propensity"] == 0.4
    assert len(labels) == 4
    sends = count_sends(log, 0, 7, log.observed_until)
    assert sends == {"email": (3, 2), "sms": (1, 0)}


def test_a_message_takes_occasion_and_chances_from_the_decision_that_it_carried_out(
    shop: Path,
) -> None:
    sent_at = read_cutoff("2020-03-01 12:00:00", read_shop(shop).timezone)
    before = make_message_labels(_read(shop), 7, _read(shop).observed_until)
    assert before["occasion_at"].tolist() == [sent_at] * 4
    assert before["chances"].tolist() == [None] * 4
    table = open_decisions(read_shop(shop))
    decisions = [
        _decision(n, "email", 0.7, send_at=sent_at + 60 * n) for n in (1, 2)
    ]  # the second was sent through another channel
    table.decide_once(decisions)
    table.close()
    log = _read(shop)
    labels = make_message_labels(log, 7, log.observed_until).set_index("message_id")
    assert labels["occasion_at"].to_dict() == {
        "as decided": sent_at + 60,
        "otherwise": sent_at,
        "unknown": sent_at,
        "alone": sent_at,
    }
    assert labels["occasion_at"].dtype == np.int64
    assert json.loads(labels.loc["as decided", "chances"]) == decisions[0].propensities
    assert labels["chances"].drop("as decided").tolist() == [None] * 3


def test_a_decision_of_an_earlier_version_was_for_the_instant_of_its_message(shop: Path) -> None:
    table = open_decisions(read_shop(shop))
    table.decide_once([_decision(1, "email", 1.0)])
    table.close()
    log = _read(shop)
    labels = make_message_labels(log, 7, log.observed_until).set_index("message_id")
    assert (labels["occasion_at"] == labels["sent_at"]).all()
    assert json.loads(labels.loc["as decided", "chances"]) == {"email": 1.0, "none": 0.0}
