"""Posts in process: what is refused, what is answered, and what the next answer sees."""

import pytest

from features.errors import InputError
from features.ledgers.journal import open_journal
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from serving.http.events import EventPosting
from serving.schemas.event_schemas import EventsRequest

ORDER = {"order_id": "p1", "customer_id": "c", "ordered_at": "2024-03-02T10:00:00Z", "amount": 5}


@pytest.fixture
def config(write_shop, orders):
    return write_shop({"orders": orders(("c", "2024-01-02", 1), ("c", "2024-03-01", 3))})


def test_a_post_is_answered_with_what_became_of_it_and_the_next_read_sees_it(config) -> None:
    shop = read_shop(config)
    build_store(read_log(shop), store_target(shop))
    events = EventPosting(shop)
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    before = store.read(["c"])["c"]["orders"]
    reply = events.post(EventsRequest(orders=[ORDER, ORDER]))
    after = store.read(["c"])["c"]["orders"]
    assert (reply.accepted, reply.duplicates) == (1, 1)
    assert (len(before["amount"]), len(after["amount"])) == (2, 3)
    assert after["known_at"][-1] == reply.received_at.timestamp() * 1e6
    events.close()
    store.close()


def test_the_data_reaches_to_the_last_post_only_where_the_shop_posts_everything(config) -> None:
    text = config.read_text()
    for line, moves in (("complete = false", False), ("complete = true", True)):
        config.write_text(f"{text}\n[journal]\n{line}\n")
        shop = read_shop(config)
        build_store(read_log(shop), store_target(shop), data_cutoff=1_709_251_200_000_000)
        events = EventPosting(shop)
        received = events.post(EventsRequest(orders=[ORDER | {"order_id": line}])).received_at
        store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
        assert (store.data_cutoff == received.timestamp() * 1e6) == moves
        assert store.info.data_cutoff == 1_709_251_200_000_000
        events.close()
        store.close()


def test_a_row_that_breaks_the_contract_is_refused(config) -> None:
    events = EventPosting(read_shop(config))
    with pytest.raises(InputError, match=r"orders.amount: .*row 1: 'x'"):
        events.post(EventsRequest(orders=[ORDER | {"amount": "x"}]))
    with pytest.raises(InputError, match="rows: expected 1 to 1000 in a request, got 0"):
        events.post(EventsRequest())
    events.close()
