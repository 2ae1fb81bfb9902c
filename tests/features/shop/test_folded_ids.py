"""Customer ids that differ in their writing only are one, in tables, posted rows and requests."""

import unicodedata
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from features.ledgers.posted_rows import PostedRowChecker
from features.readiness.person_ids import find_id_variants
from features.shop.folded_ids import fold_id, fold_sql
from tests.features.sources.shop_folders import read_folder

FOLDS = ("none", "case", "plus_tag")


def test_sql_and_python_fold_every_character_alike() -> None:
    assigned = [
        chr(code)
        for code in range(1, 0x110000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")
    ]
    texts = pa.table({"text": [f"x{char}" for char in assigned]})
    folded = f"SELECT text, {fold_sql('text', 'case')} FROM texts"
    with duckdb.connect() as connection:
        connection.register("texts", texts)
        rows = connection.execute(folded).fetchall()
    assert len(rows) == len(assigned)
    assert not [text for text, stored in rows if stored != fold_id(text, "case")]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        (" Anna@Example.COM\u200b", "anna@example.com"),
        ("Jose\u0301@x.org", "jos\xe9@x.org"),
        ("anna+shop+a@x.org", "anna+shop+a@x.org"),
        ("+48600700800", "+48600700800"),
    ],
)
def test_ids_are_folded_in_sql_and_in_python(text: str, folded: str) -> None:
    tagless = "anna@x.org" if "+shop" in text else folded
    with duckdb.connect() as connection:
        for how, wanted in zip(FOLDS, (text, folded, tagless), strict=True):
            query = f"SELECT {fold_sql('$text', how)}"
            assert connection.execute(query, {"text": text}).fetchall() == [(wanted,)]
            assert fold_id(text, how) == wanted


ORDERS = """\
order_id,customer_id,ordered_at,amount
1,Anna@x.org,2025-01-01,10
2, anna@X.org,2025-01-05,10
3,anna+2@x.org,2025-01-05,10
"""
TABLES = """
[tables.orders]
path = "orders.csv"
[tables.identities]
path = "identities.csv"
[customers]
"""


@pytest.mark.parametrize(("fold", "customers"), [("none", 3), ("case", 2), ("plus_tag", 1)])
def test_ids_of_all_tables_and_of_posted_rows_are_folded(
    tmp_path: Path, fold: str, customers: int
) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "identities.csv").write_text(
        "source,source_id,customer_id\nshop,Guest-1,ANNA@x.org\n"
    )
    log = read_folder(tmp_path, f'{TABLES}fold = "{fold}"')
    assert log.fetch("SELECT count(DISTINCT customer_id) FROM orders") == [(customers,)]
    identity = log.fetch("SELECT source_id, customer_id FROM identities")[0]
    assert identity == (("Guest-1", "ANNA@x.org") if fold == "none" else ("guest-1", "anna@x.org"))
    variants = list(find_id_variants(log))
    assert bool(variants) == (fold == "none")
    assert all('fold = "case"' in finding.remedy for finding in variants)
    posted = {
        "customer_id": "ANNA+1@x.org",
        "occurred_at": "2025-02-01T10:00Z",
        "event_type": "view",
    }
    (row,) = PostedRowChecker(log.shop).read({"events": [posted]})
    assert row.body["customer_id"] == fold_id("ANNA+1@x.org", fold)
    log.close()
