"""Pseudonyms: customer ids as keyed hashes, so that a raw id stands in no file written.

A pseudonym is HMAC-SHA256 of the id's text under the shop's key, cut to 128 bits, in hex. It
is made while a table is read, row by row in SQL: no table of raw ids ever exists.
"""

import csv
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from typing import TextIO

import duckdb

from features.contract.tables import Table
from features.errors import refuse
from features.shop.shop import Shop

KEY_VARIABLE = "NEXTBUY_PSEUDONYM_KEY"
_KEY_BYTES = 32
_HEX_DIGITS = 32
_BLOCK = 64  # of SHA-256, bytes


def read_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """Read the key from the environment.

    Raises
    ------
    InputError
        There is none, or it is shorter than 32 bytes.
    """
    key = environment.get(KEY_VARIABLE, "").strip().encode()
    if len(key) < _KEY_BYTES:
        raise refuse(
            KEY_VARIABLE,
            f"a key of {_KEY_BYTES} bytes or more in the environment",
            f"{len(key)} bytes" if key else "none",
            "Make one with `openssl rand -hex 32`, and keep it: another key makes other ids.",
        )
    return key


def pseudonym(key: bytes, customer_id: str) -> str:
    """Make the pseudonym of an id.

    >>> pseudonym(b"a key of at least thirty-two bytes", "c-1")
    'dcb4917f1205463d5ac1316e59d8ea95'
    """
    return hmac.digest(key, customer_id.encode(errors="surrogatepass"), "sha256").hex()[
        :_HEX_DIGITS
    ]


def key_fingerprint(shop: Shop) -> str | None:
    """Tell one key from another without giving it away; None for a shop without pseudonyms."""
    return pseudonym(read_key(), "nextbuy")[:8] if shop.section.pseudonymise else None


def map_to_stored_ids(shop: Shop, customer_ids: Iterable[str]) -> dict[str, str]:
    """Say under which id each customer is stored: as sent -> stored."""
    if not shop.section.pseudonymise:
        return {customer_id: customer_id for customer_id in customer_ids}
    key = read_key()
    return {customer_id: pseudonym(key, customer_id) for customer_id in customer_ids}


def columns_to_hash(shop: Shop, table: Table) -> frozenset[str]:
    """Name the columns of a table that hold a customer's id and are hashed on reading."""
    if not shop.section.pseudonymise:
        return frozenset()
    return frozenset({"customer_id", "source_id"} & {column.name for column in table.columns})


def set_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the key, as variables: they stand in no query text and in no file."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    block = key.ljust(_BLOCK, b"\0")
    for name, pad in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        value = bytes(byte ^ pad for byte in block).hex()
        connection.execute(f"SET VARIABLE {name} = unhex($value)", {"value": value})


def pseudonym_sql(text: str) -> str:
    """Write the pseudonym of a text: HMAC as RFC 2104 spells it out; NULL stays NULL."""
    inner = f"unhex(sha256(getvariable('inner_pad') || encode({text})))"
    return f"substr(sha256(getvariable('outer_pad') || {inner}), 1, {_HEX_DIGITS})"


def write_pseudonyms(key: bytes, lines: Iterable[str], column: str | None, out: TextIO) -> None:
    """Write `customer_id,pseudonym` as CSV for ids given one per line or in a CSV column.

    Raises
    ------
    InputError
        It is no text in UTF-8, or the CSV has no such column; then nothing is written.
    """
    try:
        ids = list(_read_ids(lines, column))
    except (UnicodeDecodeError, csv.Error) as error:
        raise refuse(
            "ids", "text in UTF-8, an id in each line or a CSV", str(error),
            "Export the ids as text, or with their column as a CSV.",
        ) from None  # fmt: skip
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["customer_id", "pseudonym"])
    for customer_id in ids:
        if stripped := customer_id.strip():
            writer.writerow([stripped, pseudonym(key, stripped)])


def _read_ids(lines: Iterable[str], column: str | None) -> Iterable[str]:
    if column is None:
        return lines
    rows = csv.DictReader(lines)
    names = rows.fieldnames or ()
    if column not in names:
        raise refuse(
            "--column",
            f"a column '{column}'",
            "columns " + ", ".join(names) if names else "an empty file",
            "Name the column that holds the ids.",
        )
    return (row[column] or "" for row in rows)
