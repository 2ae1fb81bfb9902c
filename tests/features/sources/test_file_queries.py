"""Tests of tables that are a query of their own file."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop

# As Shopify exports orders: a row for each line, the values of the order on its first row only.
EXPORT = """\
Name,Email,Financial Status,Total,Shipping,Created at,Lineitem quantity,Lineitem name,Lineitem price
#1001,Anna@example.com,paid,25.00,5.00,2025-05-11 09:55:16 -0400,1,Mug,12.00
#1001,,,,,2025-05-11 09:55:16 -0400,2,Spoon,4.00
#1002,ben@example.com,voided,30.00,0.00,2025-05-12 10:00:00 -0400,1,Bowl,30.00
#1004,ben@example.com,voided,9.00,0.00,2025-05-13 10:00:00 -0400,1,Cup,9.00
#1003,anna@example.com,paid,8.00,0.00,2025-06-01 12:00:00 -0400,2,Spoon,4.00
"""
ORDERS = """
SELECT Name AS order_id, lower(any_value(Email)) AS customer_id,
  min("Created at") AS ordered_at, max(Total::DECIMAL(18, 2) - Shipping::DECIMAL(18, 2)) AS amount
FROM source GROUP BY Name HAVING any_value("Financial Status") <> 'voided'
"""
LINES = """
SELECT Name AS order_id, "Lineitem name" AS product_id, "Lineitem quantity" AS quantity,
  "Lineitem price" AS unit_price
FROM source
"""


def _read(folder: Path, query: str) -> Log:
    (folder / "export.csv").write_text(EXPORT)
    (folder / "secret.csv").write_text("order_id\n1\n")
    (folder / "nextbuy.toml").write_text(
        f"[tables.orders]\npath = 'export.csv'\nquery = '''{query}'''\n"
        f"[tables.order_lines]\npath = 'export.csv'\nquery = '''{LINES}'''\n"
    )
    return read_log(read_shop(folder / "nextbuy.toml"))


def test_two_tables_are_queries_of_one_file(tmp_path: Path) -> None:
    log = _read(tmp_path, ORDERS)
    orders = log.fetch("SELECT order_id, customer_id, amount FROM orders ORDER BY order_id")
    assert orders == [("#1001", "anna@example.com", 2000), ("#1003", "anna@example.com", 800)]
    assert log.count("order_lines") == 5
    log.close()


def test_a_changed_query_is_read_again(tmp_path: Path) -> None:
    _read(tmp_path, ORDERS).close()
    log = _read(tmp_path, ORDERS.replace("<> 'voided'", "= 'voided'"))
    assert log.fetch("SELECT order_id FROM orders ORDER BY order_id") == [("#1002",), ("#1004",)]
    log.close()


@pytest.mark.parametrize(
    "query",
    [
        "WITH paid AS (FROM source) SELECT * FROM paid",
        "SELECT * FROM source UNION ALL SELECT * FROM source",
        "SELECT s.*, part FROM source s, unnest([1, 2]) AS u(part)",
        "SELECT * FROM source WHERE Name IN (SELECT Name FROM source)",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) FROM n",
        "SELECT CAST(Total AS DOUBLE) FROM (VALUES ('1')) AS v(Total)",
    ],
)
def test_a_query_of_the_file_alone_passes_the_guard(tmp_path: Path, query: str) -> None:
    with pytest.raises(InputError) as error:  # but it does not give the columns of orders
        _read(tmp_path, query)
    assert "a column 'order_id'" in str(error.value)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT * FROM 'secret.csv'", "'secret.csv'"),
        ("SELECT * FROM source, 'secret.csv'", "'secret.csv'"),
        ("SELECT (SELECT max(order_id) FROM 'secret.csv') FROM source", "'secret.csv'"),
        ("WITH s AS (FROM 'https://example.com/x.csv') FROM s", "example.com"),
        ("SELECT * FROM read_csv('secret.csv')", "read_csv()"),
        ("SELECT * FROM source WHERE Name IN (SELECT file FROM glob('*'))", "glob()"),
        ("SELECT * FROM read_text('/etc/passwd')", "read_text()"),
        ("SELECT * FROM raw_orders", "'raw_orders'"),
        ("SELECT * FROM duckdb_settings()", "duckdb_settings()"),
        ("SELECT * FROM query('FROM source')", "query()"),
        ("SELECT * FROM (DESCRIBE source)", "SHOW_REF"),
        ("SELECT getvariable('key') FROM source", "getvariable()"),
        ("SELECT * FROM source; SELECT 1", "2 statements"),
        ("DELETE FROM source", "SELECT"),
        ("COPY source TO 'stolen.csv'", "SELECT"),
        ("INSTALL httpfs", "SELECT"),
        ("ATTACH 'x.db'", "SELECT"),
        ("SELEC 1", "syntax error"),
    ],
)
def test_a_query_that_reads_anything_else_is_refused_by_name(
    tmp_path: Path, query: str, named: str
) -> None:
    with pytest.raises(InputError) as error:
        _read(tmp_path, query)
    fault = next(f for f in error.value.faults if f.where == "tables.orders.query")
    assert named in f"{fault.got} {fault.expected}" and "source" in fault.remedy


def test_a_column_that_the_file_has_not_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tables\.orders\.query.*Totl.*Total"):
        _read(tmp_path, ORDERS.replace("max(Total", "max(Totl"))


def test_a_value_that_a_query_cannot_cast_is_an_error_of_the_query(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tables\.orders\.query.*Anna"):
        _read(tmp_path, ORDERS.replace("max(Total::DECIMAL(18, 2)", "max(Email::DECIMAL(18, 2)"))


def test_a_query_of_parquet_files(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": [1, 2], "who": "a", "day": ["2025-01-01", "2025-02-01"], "eur": 1.5}
    )
    frame.to_parquet(tmp_path / "o.parquet")
    (tmp_path / "nextbuy.toml").write_text(
        "[tables.orders]\npath = 'o.parquet'\nquery = 'SELECT id AS order_id, who AS customer_id, "
        "day AS ordered_at, eur AS amount FROM source WHERE id > 0'\n"
    )
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    assert log.count("orders") == 2
    log.close()
