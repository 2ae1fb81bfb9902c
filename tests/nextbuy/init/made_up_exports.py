"""Made-up exports of shop systems, with the tables that have to come out of them."""

import csv
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import asyncmy
import pyarrow as pa
import pyarrow.parquet as pq

from features.contract.tables import TABLES_BY_NAME
from features.log.log import Log
from features.shop.folded_ids import Fold, fold_id

EXPORTS = Path(__file__).parent / "exports"
EXPORTED_AT = 1_770_000_000  # the day of an export of files, in seconds since 1970
SERVER = os.environ.get("NEXTBUY_TEST_MYSQL", "mysql://root@127.0.0.1:3306")
_DATABASE = "database.sql"


def copy_files(system: str, folder: Path) -> list[str]:
    """Copy the files of an export into a folder; return their names."""
    names = []
    for file in sorted(EXPORTS.joinpath(system).iterdir()):
        if file.suffix == ".csv":
            names.append(str(shutil.copy(file, folder / file.name)))
        elif file.suffix == ".json":
            names.append(str(_write_parquet(file, folder / f"{file.stem}.parquet")))
    for name in names:
        os.utime(name, (EXPORTED_AT, EXPORTED_AT))
    return names


def _write_parquet(lines: Path, file: Path) -> Path:
    """Write rows of nested JSON as the Parquet file that they stand for."""
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file


@contextmanager
def open_database(*systems: str) -> Iterator[list[str]]:
    """Give the addresses of databases with the tables of systems; they are dropped afterwards."""
    names = [f"nextbuy_{system}_{uuid4().hex[:12]}" for system in systems]
    try:
        for name, system in zip(names, systems, strict=True):
            _run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", "mysql")
            _run((EXPORTS / system / _DATABASE).read_text(), name)
        yield [f"{SERVER}/{name}" for name in names]
    finally:
        for name in names:
            _run(f"DROP DATABASE IF EXISTS {name}", "mysql")


def expected_rows(
    system: str, table: str, fold: Fold
) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return the columns of a table and the rows that have to come out, in the contract's types.

    Customer ids are as the shop stores them: in lower case where addresses are.
    """
    with (EXPORTS / system / "expected" / f"{table}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    values = [
        tuple(
            fold_id(v, fold) if n == "customer_id" else _typed(table, n, v)
            for n, v in zip(header, row, strict=True)
        )
        for row in rows
    ]
    return header, sorted(values, key=str)


def read_rows(log: Log, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    """Return the rows of a table of a log, sorted as those of `expected_rows`."""
    names = ", ".join(columns)
    return sorted(log.fetch(f"SELECT {names} FROM {table}"), key=str)


def expected_left_out(system: str) -> dict[str, dict[str, int]]:
    """Return the rows that have to be left out, by table and rule."""
    left_out: dict[str, dict[str, int]] = {}
    with (EXPORTS / system / "expected" / "left_out.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if int(row["rows"]):
                left_out.setdefault(row["table"], {})[row["rule"]] = int(row["rows"])
    return left_out


def expected_tables(system: str) -> set[str]:
    """Return the tables that have to come out."""
    files = (EXPORTS / system / "expected").glob("*.csv")
    return {file.stem for file in files} - {"left_out"}


def _typed(table: str, name: str, text: str) -> object:
    """Return a value in the contract's type: money in cents, instants in microseconds."""
    if text == "":
        return None
    kind = TABLES_BY_NAME[table][name].kind
    if kind == "money":
        return int(Decimal(text) * 100)
    if kind == "number":
        return float(text)
    if kind == "instant":
        if text == "EXPORT":
            return EXPORTED_AT * 1_000_000
        return round(datetime.fromisoformat(text).timestamp() * 1_000_000)
    return text == "true" if kind == "flag" else text


def _run(statements: str, database: str) -> None:
    """Run statements on one connection."""
    import asyncio

    asyncio.run(_execute(statements, database))


async def _execute(statements: str, database: str) -> None:
    user, host, port = re.fullmatch(r"mysql://(\w+)@([\w.]+):(\d+)", SERVER).groups()  # type: ignore[union-attr]
    connection = await asyncmy.connect(host=host, port=int(port), user=user, db=database)
    async with connection.cursor() as cursor:
        for statement in re.split(r";\s*\n", statements):
            if statement.strip().rstrip(";"):
                await cursor.execute(statement.strip().rstrip(";"))
    await connection.commit()
    connection.close()
