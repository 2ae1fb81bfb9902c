"""Every column of the contract is read, and read from when it was known; or its reason is here.

One shop has a customer with some rows in every table, and twins of that customer: each twin has
one column altered, either in the rows that were known at the cutoff or in those that were not.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.contract.tables import TABLES, Table
from features.history.customer_histories import read_customer_histories
from features.log.log import Log
from features.shop.contact_rules import ContactRules
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from features.windows import DAY, read_cutoff
from models.channel.eligibility import check_eligibility
from tests.random_logs import Tables, column_names, read_tables, utc
from training.labels import make_message_labels

CUTOFF = read_cutoff("2024-06-30T12:00:00Z", ZoneInfo("UTC"))
LATER = CUTOFF + 1
Rows = dict[str, list[dict[str, Any]]]
Alter = Callable[[Table, str, dict[str, Any]], Any]

# Columns that no feature, no rule of eligibility and no label reads, and what they are for.
UNREAD = {
    "orders.currency": "checked: there is one",
    "returns.return_id": "names the row",
    "returns.order_id": "checked against orders",
    "events.event_id": "names the row",
    "messages.message_id": "names the row",
    "messages.decision_id": "ties a message to the decision it carried out",
}  # fmt: skip


def _at(days: float) -> str:
    return utc(CUTOFF + int(days * DAY))


def _known() -> Rows:
    """Rows of the customer `@` that are known at the cutoff, every column filled in but two."""
    order = {"sales_channel": "web", "currency": "EUR", "discount": "5", "store": "north"}
    told = {name: _at(-120) for name in ("delivered_at", "opened_at", "clicked_at")}
    return {
        "orders": [
            {"order_id": f"@o{n}", "customer_id": "@", "ordered_at": _at(days), "amount": "50"}
            | {"known_at": _at(days), "cancelled_at": cancelled} | order
            for n, (days, cancelled) in enumerate([(-90, None), (-60, None), (-30, _at(-5))])
        ] + [
            {"order_id": "@o9", "customer_id": "@account", "source": "web", "amount": "70"}
            | {"ordered_at": _at(-10), "known_at": _at(-10)} | order
        ],
        "order_lines": [
            {"order_id": f"@o{n}", "product_id": "@p", "quantity": "2", "unit_price": "20"}
            for n in range(2)
        ],
        "products": [
            {"product_id": "@p", "category": "tea", "subcategory": "green", "brand": "b"}
            | {"color": "red", "size": "l", "price": "25"}
        ],
        "returns": [
            {"return_id": "@r", "customer_id": "@", "returned_at": _at(-20), "amount": "9"}
            | {"known_at": _at(-20), "order_id": "@o1", "product_id": "@p"}
        ],
        "events": [
            {"customer_id": "@", "occurred_at": _at(-3), "event_type": "view", "event_id": "@e"}
            | {"known_at": _at(-3), "product_id": "@p", "store": "north", "device": "mobile"}
        ],
        "messages": [
            {"message_id": "@m", "customer_id": "@", "sent_at": _at(-121), "channel": "email"}
            | {"known_at": _at(-121), "decision_id": "@d", "campaign_id": "c", "store": "north"}
            | told | {"machine_opened": "false", "converted_at": _at(-120), "revenue": "8"}
            | {"unsubscribed_at": _at(-101), "propensity": "1", "arm": "control"}
        ],
        "consents": [
            {"customer_id": "@", "scope": scope, "granted": "true", "changed_at": _at(-100)}
            | {"known_at": _at(-100)}
            for scope in ("email", "sms")
        ],
        "customers": [
            {"customer_id": "@", "known_at": _at(-300), "first_seen_at": _at(-400)}
            | {"birth_year": "1970", "country": "PL", "city": "Gdynia", "attr_hobby": "chess"}
            | {"acquisition_channel": "fair", "preferred_channel": "sms", "attr_tier": "gold"}
            | {"reachable_email": "true", "reachable_sms": "true"}
        ],
        "identities": [
            {"source": "web", "source_id": "@account", "customer_id": "@", "known_at": _at(-300)}
        ],
    }  # fmt: skip


def _unknown() -> Rows:
    """Rows like them that are known one microsecond after the cutoff."""
    rows = {}
    for name, known in _known().items():
        row = known[0] | {"known_at": utc(LATER)}
        ids = {"order_id": "@late", "return_id": "@late", "message_id": "@late"}
        row |= {column: value for column, value in ids.items() if column in row}
        row |= {"event_id": "@late"} if name == "events" else {}
        row |= {"source_id": "@late"} if name == "identities" else {}
        rows[name] = [] if name == "products" else [row]
    return rows


def _altered(table: Table, name: str, row: dict[str, Any]) -> Any:
    """Alter one value; what is known becomes unknown, what happened is earlier."""
    value, column = row.get(name), table[name]
    if name == "known_at":
        return utc(LATER + 1)
    if name == "campaign_id":  # which one it is says nothing, but that there is one does
        return None
    match column.kind:
        case "instant":
            return _at(-130) if name in (table.happened, "first_seen_at") else None
        case "money" | "number" | "year":
            return str(int(value) + 1)
        case "share":
            return "0.5"
        case "flag":
            return {"true": "false", "false": "true"}[value]
        case _:
            return "other" if value is None else f"{value}-other"


def _twin(twin: str, known: Rows, unknown: Rows) -> Rows:
    """Give the customer's rows to one twin."""
    return {
        name: [
            {c: v.replace("@", twin) if isinstance(v, str) else v for c, v in row.items()}
            for row in known[name] + unknown[name]
        ]
        for name in known
    }


def _alter(rows: Rows, table: Table, name: str, value: Alter) -> Rows:
    return rows | {table.name: [row | {name: value(table, name, row)} for row in rows[table.name]]}


def _columns() -> list[tuple[Table, str]]:
    return [(table, name) for table in TABLES for name in column_names(table) if name != "currency"]


def _late_columns() -> list[tuple[Table, str]]:
    return [(table, name) for table in TABLES for name in table.late_instants]


def _twins() -> dict[str, Rows]:
    known, unknown = _known(), _unknown()
    twins = {"same": _twin("same", known, unknown)}
    for table, name in _columns():
        twin = f"{table.name}.{name}"
        twins[twin] = _twin(twin, _alter(known, table, name, _altered), unknown)
        twins[f"{twin} later"] = _twin(
            f"{twin} later", known, _alter(unknown, table, name, _altered)
        )
    for table, name in _late_columns():
        for word, text in (("none", None), ("now", utc(CUTOFF)), ("soon", utc(LATER))):
            twin = f"{table.name}.{name} {word}"
            rows = _alter(known, table, name, lambda *_, text=text: text)
            twins[twin] = _twin(twin, rows, unknown)
    return twins


class Told:
    """What is said of each twin at the cutoff, and what is learned from it later."""

    def __init__(self, log: Log, folder: Path) -> None:
        catalog = read_catalog(log, CUTOFF)
        frame = build_features(log, [CUTOFF], catalog, population="contacts")
        rows = frame.drop(columns="cutoff").astype(object).where(frame.notna(), None)
        self.features = {row["customer_id"]: row for row in rows.to_dict("records")}
        build_store(log, folder / "store.sqlite", CUTOFF)
        store = SqliteStore(folder / "store.sqlite")
        found = read_customer_histories(lambda some: store.read(list(some)), self.features, CUTOFF)
        store.close()
        rules = ContactRules(ZoneInfo("UTC"))
        self.eligible = {
            i: [check_eligibility(c, found[i], CUTOFF, rules) for c in ("email", "sms")]
            for i in found
        }
        labels = make_message_labels(log, 7, log.observed_until)
        columns = ["sent_at", "channel", "propensity", "randomised", "bought"]
        self.labels = {i: part[columns].values.tolist() for i, part in labels.groupby("account")}

    def same(self, twin: str, other: str, labels: bool = False) -> bool:
        features = [{**self.features.get(i, {}), "customer_id": None} for i in (twin, other)]
        return (
            features[0] == features[1]
            and self.eligible.get(twin) == self.eligible.get(other)
            and (not labels or self.labels.get(twin) == self.labels.get(other))
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("twins")
    twins = _twins()
    tables: Tables = {
        table.name: pd.DataFrame(
            [row for rows in twins.values() for row in rows[table.name]],
            columns=column_names(table),
            dtype=object,
        )
        for table in TABLES
    }
    return Told(read_tables(tables, ZoneInfo("Europe/Berlin"), folder), folder)


def test_every_column_known_at_the_cutoff_is_read(told: Told) -> None:
    unread = {
        f"{table.name}.{name}"
        for table, name in _columns()
        if told.same(f"{table.name}.{name}", "same", labels=True)
    }
    assert unread == UNREAD.keys() - {"orders.currency"}


def test_no_column_of_a_row_known_later_is_read(told: Told) -> None:
    assert [
        f"{table.name}.{name}"
        for table, name in _columns()
        if not told.same(f"{table.name}.{name} later", "same")
    ] == []


def test_every_late_field_is_read_from_the_microsecond_it_is_known(told: Told) -> None:
    assert len(_late_columns()) >= 7
    for table, name in _late_columns():
        field = f"{table.name}.{name}"
        assert told.same(f"{field} soon", f"{field} none"), field
        assert not told.same(f"{field} now", f"{field} none"), field
