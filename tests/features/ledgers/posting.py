"""Rows that tests post, and how they post them."""

from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.shop import Shop

ORDER = {"order_id": "p1", "customer_id": "c", "ordered_at": "2024-03-02T10:00:00Z", "amount": 5}


MESSAGE = {
    "message_id": "m1",
    "customer_id": "c",
    "sent_at": "2024-03-02T09:00:00Z",
    "channel": "Email",
}


def post(shop: Shop, **tables: list[dict]) -> tuple[int, int]:
    journal = open_journal(shop)
    try:
        receipt = journal.append(PostedRowChecker(shop).read(tables))
    finally:
        journal.close()
    return receipt.accepted, receipt.duplicates
