"""Pseudonyms of customers: hashes under a secret key, so that no file holds a raw customer id.

A pseudonym is the HMAC-SHA256 of the id's text under the shop's key, cut to 128 bits and
written in hex. Ids are replaced row by row in the SQL that reads a table: a table of raw ids
never exists. Source: HMAC as in RFC 2104.
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
from features.shop.folded_ids import fold_id, fold_sql
from features.shop.shop import Shop

KEY_VARIABLE = "NEXTBUY_PSEUDONYM_KEY"
_KEY_BYTES = 32
_HEX_DIGITS = 32
_BLOCK = 64  # bytes of a block of SHA-256


def read_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """Read the shop's key for pseudonyms from the environment variable `NEXTBUY_PSEUDONYM_KEY`.

    Raises
    ------
    InputError
        The variable is not set, or the key is shorter than 32 bytes.
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
    """Return the pseudonym of a customer id: 32 hex digits.

    >>> pseudonym(b"a key of at least thirty-two bytes", "c-1")
    'dcb4917f1205463d5ac1316e59d8ea95'
    """
    return hmac.digest(key, customer_id.encode(errors="surrogatepass"), "sha256").hex()[
        :_HEX_DIGITS
    ]


def key_fingerprint(shop: Shop) -> str | None:
    """Return eight hex digits that tell the shop's key from another one and do not reveal it.

    It is None for a shop that does not want pseudonyms.
    """
    return pseudonym(read_key(), "nextbuy")[:8] if shop.section.pseudonymise else None


def map_to_stored_ids(shop: Shop, customer_ids: Iterable[str]) -> dict[str, str]:
    """Return the id under which each customer is stored: folded, and a pseudonym where wanted.

    Parameters
    ----------
    shop : Shop
        The shop whose settings say how ids are folded and whether they are replaced.
    customer_ids : iterable of str
        Ids as the shop sends them.

    Returns
    -------
    dict of str to str
        Id as sent -> id as stored.
    """
    folded = {customer_id: fold_id(customer_id, shop.fold) for customer_id in customer_ids}
    if not shop.section.pseudonymise:
        return folded
    key = read_key()
    return {customer_id: pseudonym(key, text) for customer_id, text in folded.items()}


def stored_id_sql(shop: Shop, text: str) -> str:
    """Return the SQL of the id under which a customer is stored, as `map_to_stored_ids` maps it.

    Parameters
    ----------
    shop : Shop
        The shop whose settings say how ids are folded and whether they are replaced.
    text : str
        SQL of the id as text; where pseudonyms are wanted, `set_key` must have been called.
    """
    folded = fold_sql(text, shop.fold)
    return pseudonym_sql(folded) if shop.section.pseudonymise else folded


def columns_to_replace(shop: Shop, table: Table) -> frozenset[str]:
    """Return the columns of a table with customer ids that are stored otherwise than written."""
    if not shop.section.pseudonymise and shop.fold == "none":
        return frozenset()
    return frozenset({"customer_id", "source_id"} & {column.name for column in table.columns})


def set_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give the key to a DuckDB connection as variables; no query text and no file then has it."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    block = key.ljust(_BLOCK, b"\0")
    for name, pad in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        value = bytes(byte ^ pad for byte in block).hex()
        connection.execute(f"SET VARIABLE {name} = unhex($value)", {"value": value})


def pseudonym_sql(text: str) -> str:
    """Return the SQL of the pseudonym of a text; NULL stays NULL.

    Parameters
    ----------
    text : str
        SQL of the id as text; `set_key` must have been called for the connection.
    """
    inner = f"unhex(sha256(getvariable('inner_pad') || encode({text})))"
    return f"substr(sha256(getvariable('outer_pad') || {inner}), 1, {_HEX_DIGITS})"


def write_pseudonyms(key: bytes, lines: Iterable[str], column: str | None, out: TextIO) -> None:
    """Write a CSV with the columns `customer_id,pseudonym` for a list of ids.

    Parameters
    ----------
    key : bytes
        The shop's key.
    lines : iterable of str
        One id a line; or the lines of a CSV file, if `column` is given.
    column : str or None
        The CSV column with the ids.
    out : text file
        Where the CSV is written.

    Raises
    ------
    InputError
        The lines are no text in UTF-8, or the CSV has no such column; then nothing is written.
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
