"""Frequency caps over messages of the store and the journal: none is forgotten too early."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import read_log
from features.shop.contact_rules import ContactRules, FrequencyCap
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import MARGIN_DAYS, build_store
from features.store.fresh import FreshStore
from features.windows import DAY, to_datetime
from models.channel.eligibility import Eligibility, check_eligibility

NOW = time.time_ns() // 1000
SENT = NOW - 27 * DAY


def _shop(write_shop: Callable[..., Path], last_order: int) -> Shop:
    orders = pd.DataFrame(
        {
            "order_id": ["o1", "o2"],
            "customer_id": "c",
            "ordered_at": [to_datetime(NOW - 90 * DAY), to_datetime(last_order)],
            "amount": 5,
        }
    )
    message = {"message_id": "m1", "customer_id": "c", "channel": "sms"}
    sent = pd.DataFrame([message | {"sent_at": to_datetime(SENT)}])
    end = to_datetime(last_order).isoformat()
    shop = read_shop(write_shop({"orders": orders, "messages": sent}, observed_until=end))
    build_store(read_log(shop), store_target(shop))
    return shop


def _check(shop: Shop, cap: FrequencyCap, as_of: int) -> Eligibility:
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    tables = store.read(["c"])["c"]
    store.close()
    return check_eligibility("sms", tables, as_of, ContactRules(shop.timezone, ["sms"], [cap]))


def test_a_cap_over_28_days_counts_its_messages_at_every_instant_that_is_answered(
    write_shop: Callable[..., Path],
) -> None:
    shop = _shop(write_shop, last_order=NOW)
    store = store_target(shop).open()
    first = store.info.answers_from
    store.close()
    assert first == NOW - MARGIN_DAYS * DAY < SENT
    check = _check(shop, FrequencyCap(1, 28, None), NOW)
    assert (check.eligible, check.eligible_from) == (False, SENT + 28 * DAY)
    assert _check(shop, FrequencyCap(1, 28, None), SENT - 1).eligible


def test_a_posted_message_counts_from_the_next_answer_on(
    write_shop: Callable[..., Path],
) -> None:
    shop = _shop(write_shop, last_order=NOW)
    cap, soon = FrequencyCap(2, 28, "sms"), NOW + DAY // 24  # after the receipt
    assert _check(shop, cap, soon).eligible
    message = {"message_id": "m2", "customer_id": "c", "channel": "SMS"}
    posted = message | {"sent_at": to_datetime(NOW).isoformat()}
    journal = open_journal(shop)
    journal.append(PostedRowChecker(shop).read({"messages": [posted]}))
    journal.close()
    assert _check(shop, cap, NOW).eligible  # not received yet
    check = _check(shop, cap, soon)
    assert (check.eligible, check.eligible_from) == (False, SENT + 28 * DAY)
