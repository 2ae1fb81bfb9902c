"""A build of the history store: what it says of itself, how it is read and where it is put."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from features.arrays import Array
from features.errors import InputError, refuse
from features.history.layout import HISTORY_COLUMNS
from features.language.scope import Lookups
from features.language.vocabulary import Vocabulary
from features.store.products import Product

FORMAT = 4
MARGIN_DAYS = 30  # how far before the data's end an instant asked about is answered exactly
REBUILD = "Build it again with `nextbuy features --online`."

StoredHistory = dict[str, dict[str, Array]]  # one customer's history
Packed = Iterator[tuple[str, bytes]]  # id and packed values


class StoreInfo(msgspec.Struct, frozen=True):
    """What a build of the store says of itself.

    Attributes
    ----------
    data_cutoff : int
        Last instant known to the build.
    answers_from : int or None
        First instant that is answered exactly; None where every row was kept.
    journal_seq : int
        Posted rows up to this number of the journal are in the build.
    vocabulary : Vocabulary
        The names that decide which features exist.
    lookups : list of Lookups
        Statistics of the population, each as known at its instant: the build's own and those
        of earlier builds.
    lookups_hash : str
        What these are made of, as `features.store.build.kept_lookups` hashes it.
    key_fingerprint : str or None
        Of the key that customers' pseudonyms were made with; None where ids stand as they are.
    layout : dict of str to tuple of str
        The tables and columns of the records.
    """

    format: int
    data_cutoff: int
    answers_from: int | None
    journal_seq: int
    timezone: str
    currency: str
    vocabulary: Vocabulary
    lookups: list[Lookups]
    lookups_hash: str
    key_fingerprint: str | None
    layout: dict[str, tuple[str, ...]]

    def lookups_at(self, as_of: int) -> Lookups | None:
        """Give the newest statistics of the population built at or before an instant."""
        built = [lookups for lookups in self.lookups if lookups.built_at <= as_of]
        return max(built, key=lambda lookups: lookups.built_at, default=None)


class HistoryStore(Protocol):
    """Read access to one build of the store; a later build does not change what it reads."""

    @property
    def info(self) -> StoreInfo:
        """What the build says of itself."""

    @property
    def data_cutoff(self) -> int:
        """Last instant to which silence is silence."""

    def read(self, customer_ids: Sequence[str]) -> dict[str, StoredHistory]:
        """Read the tables of the customers that the store knows; unknown ones are left out."""

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the products that the store knows; unknown ones are left out."""

    def customer_ids(self) -> list[str]:
        """List all customers of the store, sorted."""

    def close(self) -> None:
        """Let go of the build."""


class Target(Protocol):
    """Where builds of a store are put."""

    def write(self, info: StoreInfo, words: Array, products: Packed, records: Packed) -> None:
        """Write a build and put it in place of the last one, or leave that one as it is.

        Products are taken to their end before the first record is.
        """

    def look(self) -> object:
        """Say cheaply which build is in place; None if there is none."""

    def open(self) -> HistoryStore:
        """Open the build in place."""


def check_info(info: StoreInfo, where: str) -> StoreInfo:
    """Refuse a build whose records this version reads otherwise."""
    if info.format != FORMAT or info.layout != HISTORY_COLUMNS:
        raise refuse(
            where,
            f"a history store of format {FORMAT} and this version's columns",
            f"format {info.format}, made by another version",
            REBUILD,
        )
    return info


def broken_store(where: str, error: Exception) -> InputError:
    """Make the error of a store that cannot be read."""
    got = f"something that cannot be read as one ({error})"
    return refuse(where, "a history store", got, REBUILD)


def missing_store(where: str) -> InputError:
    """Make the error of a store that is not there."""
    return refuse(
        where, "a history store", "none there", "Build it with `nextbuy features --online`."
    )
