"""Writes the same orders as a Shopify export, as Parquet, and as tables of two databases."""

import asyncio
import csv
from pathlib import Path

import asyncmy
import duckdb
from adbc_driver_postgresql import dbapi

MARIADB, POSTGRES = "mysql://root@127.0.0.1:3306", "postgresql://postgres@127.0.0.1:5432"
DATABASE = "nextbuy_bench_sources"
_TABLES = (
    "[tables.orders]\n{orders}\n[tables.order_lines]\n{lines}\n[tables.products]\n{products}\n"
)
# Each order has two lines; four orders a customer, over two years.
_LINES = """
SELECT '#' || (i // 2) AS name, 'c' || (i // 2 % ({orders} // 4)) || '@example.com' AS email,
  TIMESTAMP '2024-01-01' + to_seconds(i // 2 * 63072000 // {orders}) AS created_at,
  'SKU-' || (i * 7919 % 5000) AS sku, (i % 3 + 1) AS quantity,
  ((i * 31 % 4000 + 100) / 100)::DECIMAL(18, 2) AS price, i % 2 = 0 AS is_first
FROM range(2 * {orders}) AS t(i)
"""
_COLUMNS = """
Name; Email; Financial Status; Paid at; Fulfillment Status; Fulfilled at; Accepts Marketing;
Currency; Subtotal; Shipping; Taxes; Total; Discount Code; Discount Amount; Shipping Method;
Created at; Lineitem quantity; Lineitem name; Lineitem price; Lineitem compare at price;
Lineitem sku; Lineitem requires shipping; Lineitem taxable; Lineitem fulfillment status;
Billing Name; Billing Street; Billing Address1; Billing Address2; Billing Company; Billing City;
Billing Zip; Billing Province; Billing Country; Billing Phone; Shipping Name; Shipping Street;
Shipping Address1; Shipping Address2; Shipping Company; Shipping City; Shipping Zip;
Shipping Province; Shipping Country; Shipping Phone; Notes; Note Attributes; Cancelled at;
Payment Method; Payment Reference; Refunded Amount; Vendor; Outstanding Balance; Employee; Location;
Device ID; Id; Tags; Risk Level; Source; Lineitem discount; Tax 1 Name; Tax 1 Value; Phone;
Receipt Number; Duties; Billing Province Name; Shipping Province Name; Payment ID
"""
_AMOUNT = "sum(quantity * price) OVER (PARTITION BY name)"
_FILLED = {
    "Name": "name",
    "Email": "email",
    "Financial Status": "if(is_first, 'paid', NULL)",
    "Currency": "if(is_first, 'EUR', NULL)",
    "Subtotal": f"if(is_first, {_AMOUNT}, NULL)",
    "Shipping": "if(is_first, '4.90', NULL)",
    "Total": f"if(is_first, {_AMOUNT} + 4.90, NULL)",
    "Discount Amount": "if(is_first, '0.00', NULL)",
    "Created at": "strftime(created_at, '%Y-%m-%d %H:%M:%S +0000')",
    "Lineitem quantity": "quantity",
    "Lineitem name": "'Article ' || sku",
    "Lineitem price": "price",
    "Lineitem sku": "sku",
    "Lineitem discount": "'0.00'",
    "Payment Method": "if(is_first, 'Shopify Payments', NULL)",
    "Source": "if(is_first, 'web', NULL)",
    "Vendor": "'House'",
    "Billing City": "if(is_first, 'Lyon', NULL)",
    "Billing Country": "if(is_first, 'FR', NULL)",
    "Refunded Amount": "if(is_first, '0.00', NULL)",
}


def write_shopify(folder: Path, orders: int) -> Path:
    """Write `orders_export.csv` of some orders, with two lines each, as Shopify exports them."""
    names = [name.strip() for name in _COLUMNS.replace("\n", " ").split(";")]
    values = ", ".join(f'{_FILLED.get(name, "NULL")} AS "{name}"' for name in names)
    path = folder / "orders_export.csv"
    query = f"SELECT {values} FROM ({_LINES.format(orders=orders)}) ORDER BY created_at, name"
    duckdb.sql(f"COPY ({query}) TO '{path}' (HEADER, DELIMITER ',')")
    with path.open(newline="") as file:
        assert next(csv.reader(file)) == names
    return path


def write_parquet(folder: Path, orders: int) -> Path:
    """Write the same orders, lines and products as Parquet in the contract's columns."""
    lines = f"({_LINES.format(orders=orders)})"
    tables = {
        "orders": "SELECT name AS order_id, email AS customer_id, "
        "timezone('UTC', min(created_at)) AS ordered_at, sum(quantity * price) AS amount, "
        f"'EUR' AS currency, 'web' AS sales_channel, 0 AS discount FROM {lines} GROUP BY ALL",
        "order_lines": "SELECT name AS order_id, sku AS product_id, quantity, price AS unit_price "
        f"FROM {lines}",
        "products": f"SELECT DISTINCT sku AS product_id, 'House' AS brand FROM {lines}",
    }
    for name, query in tables.items():
        duckdb.sql(f"COPY ({query}) TO '{folder / name}.parquet'")
    paths = {name.removeprefix("order_"): f'path = "{name}.parquet"' for name in tables}
    config = folder / "nextbuy.toml"
    config.write_text(_TABLES.format(**paths))
    return config


def write_databases(folder: Path, orders: int) -> dict[str, Path]:
    """Write some orders into MariaDB and PostgreSQL; return a `nextbuy.toml` of each."""
    columns = (
        "n AS order_id, concat('c', n % {customers}, '@example.com') AS customer_id, {at}, "
        "CAST((n % 4000 + 100) / 100.0 AS DECIMAL(12, 2)) AS amount"
    )
    customers = orders // 4
    maria = columns.format(
        customers=customers, at="TIMESTAMPADD(SECOND, n * 60, '2024-01-01') AS ordered_at"
    )
    asyncio.run(
        _run_mariadb(
            f"CREATE OR REPLACE DATABASE {DATABASE}",
            f"CREATE TABLE {DATABASE}.orders AS SELECT {maria} FROM "
            f"(SELECT seq AS n FROM {DATABASE}.seq_1_to_{orders}) s",
        )
    )
    postgres = columns.format(
        customers=customers, at="timestamp '2024-01-01' + n * interval '1 minute' AS ordered_at"
    )
    with dbapi.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {DATABASE} CASCADE")
            cursor.execute(f"CREATE SCHEMA {DATABASE}")
            cursor.execute(
                f"CREATE TABLE {DATABASE}.orders AS SELECT {postgres} "
                f"FROM generate_series(1, {orders}) AS s(n)"
            )
    sources = {
        "MariaDB": f'database = "{MARIADB}/{DATABASE}"\ntable = "orders"',
        "PostgreSQL": f'database = "{POSTGRES}/postgres"\ntable = "{DATABASE}.orders"',
    }
    configs = {name: folder / name / "nextbuy.toml" for name in sources}
    for name, config in configs.items():
        config.parent.mkdir(exist_ok=True)
        config.write_text(f"[tables.orders]\n{sources[name]}\n")
    return configs


def drop_databases() -> None:
    """Remove what `write_databases` has made."""
    asyncio.run(_run_mariadb(f"DROP DATABASE IF EXISTS {DATABASE}"))
    with dbapi.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {DATABASE} CASCADE")


async def _run_mariadb(*statements: str) -> None:
    connection = await asyncmy.connect(host="127.0.0.1", port=3306, user="root", autocommit=True)
    async with connection.cursor() as cursor:
        for statement in statements:
            await cursor.execute(statement)
    connection.close()
