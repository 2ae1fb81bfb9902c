"""Declares a build of the history store: its description, how it is read, where it is put."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec

from features.arrays import Array, History
from features.errors import InputError, refuse
from features.history.layout import HISTORY_COLUMNS
from features.language.scope import Lookups
from features.language.vocabulary import Vocabulary
from features.shop.folded_ids import Fold
from features.store.products import Product

STORE_FORMAT = 4
MARGIN_DAYS = 30  # requests for instants so long before the data's end are answered exactly
REBUILD_REMEDY = "Build it again with `nextbuy features --online`."

PackedRows = Iterator[tuple[str, bytes]]  # id and packed values
Unpacked = TypeVar("Unpacked")  # what the bytes of a product or a record are unpacked to


class StoreInfo(msgspec.Struct, frozen=True):
    """The description of a build of the store, which is stored with it.

    Attributes
    ----------
    format : int
        Version of the format of the store, `STORE_FORMAT` of the code that built it.
    data_cutoff : int
        Microseconds UTC of the last instant known to the build.
    answers_from : int or None
        Microseconds UTC of the first instant for which features are exact; None where every
        row was kept.
    journal_seq : int
        Posted rows up to this number of the journal are in the build.
    timezone, currency : str
        The shop's time zone and currency, as nextbuy.toml had them.
    vocabulary : Vocabulary
        The names that decide which features exist.
    lookups : list of Lookups
        Statistics of the population, each as known at its instant: the build's own and those
        of earlier builds.
    lookups_hash : str
        Hash of what the statistics are made of, see `features.store.build.kept_lookups`.
    key_fingerprint : str or None
        Fingerprint of the key that customers' pseudonyms were made with; None where ids are kept
        as they are.
    fold : {"none", "case", "plus_tag"}
        Which customer ids were taken for one.
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
    fold: Fold = "none"

    def lookups_at(self, as_of: int) -> Lookups | None:
        """Return the newest statistics built at or before an instant (microseconds UTC)."""
        built = [lookups for lookups in self.lookups if lookups.built_at <= as_of]
        return max(built, key=lambda lookups: lookups.built_at, default=None)


class HistoryStore(Protocol):
    """Reads one build of the store; a later build does not change what it reads."""

    @property
    def info(self) -> StoreInfo:
        """The description of the build."""

    @property
    def data_cutoff(self) -> int:
        """Last instant (microseconds UTC) up to which an absent row means nothing happened."""

    def read(self, customer_ids: Sequence[str]) -> dict[str, History]:
        """Read the histories of the customers that the store knows; others are left out."""

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the attributes of the products that the store knows; others are left out."""

    def customer_ids(self) -> list[str]:
        """List the ids of all customers of the store, sorted."""

    def close(self) -> None:
        """Close the build."""


class StoreTarget(Protocol):
    """A file or a server that holds a shop's builds of the store, one of them in place."""

    def write(
        self, info: StoreInfo, words: Array, products: PackedRows, records: PackedRows
    ) -> None:
        """Write a build and put it in place of the last one, or fail and leave that one in place.

        Parameters
        ----------
        info : StoreInfo
            The description of the build.
        words : array of str
            The texts of all records; records hold their indices.
        products, records : iterator of (id, bytes)
            Packed products and customers. All products are read before the first record.
        """

    def build_id(self) -> object:
        """Identify the build of the store that readers would open now, without reading it.

        Two values are equal if and only if they identify the same build. None means that no
        build was made yet.
        """

    def open(self) -> HistoryStore:
        """Open the build in place."""


def check_info(info: StoreInfo, where: str) -> StoreInfo:
    """Return a build's description, or refuse a build of another format or layout.

    Raises
    ------
    InputError
        Another version of the code made the build.
    """
    if info.format != STORE_FORMAT or info.layout != HISTORY_COLUMNS:
        raise refuse(
            where,
            f"a history store of format {STORE_FORMAT} and this version's columns",
            f"format {info.format}, made by another version",
            REBUILD_REMEDY,
        )
    return info


def broken_store(where: str, error: Exception) -> InputError:
    """Make the error for a store at an address that cannot be read."""
    got = f"something that cannot be read as one ({error})"
    return refuse(where, "a history store", got, REBUILD_REMEDY)


def missing_store(where: str) -> InputError:
    """Make the error for an address without a store."""
    return refuse(
        where, "a history store", "none there", "Build it with `nextbuy features --online`."
    )
