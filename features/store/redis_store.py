"""The history store in Redis, where several hosts share it.

A build has keys of its own, and one pointer says which build is in place. A reader goes on
reading the build that it opened; a build that was replaced expires an hour later.
"""

import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from features.arrays import Array
from features.errors import NextbuyError, refuse
from features.history.customer_rows import object_array
from features.history.record import unpack_history
from features.store.products import Product, unpack_product
from features.store.protocol import (
    REBUILD,
    Packed,
    StoredHistory,
    StoreInfo,
    broken_store,
    check_info,
    missing_store,
)

if TYPE_CHECKING:
    pass

StoredKind = Literal["product", "record"]
Unpacked = TypeVar("Unpacked")

_KINDS: tuple[StoredKind, StoredKind] = ("product", "record")
_BATCH = 1000  # records, or products, sent at once
_SHARDS = 256  # hashes of each kind, so that none is so large that its expiry stops the server
_OLD_SECONDS = 3600  # for how long a replaced build can still be read
_UNFINISHED_SECONDS = 86_400  # after which a build that was never put in place is gone

# Puts a build in place, in one step: keeps its keys, moves the pointer, lets the last one expire.
_SWAP = """
local old = redis.call('GETSET', KEYS[1], ARGV[1])
local function each(build, command, ...)
  for _, key in ipairs(redis.call('SMEMBERS', ARGV[2] .. build .. ':keys')) do
    redis.call(command, key, ...)
  end
end
each(ARGV[1], 'PERSIST')
if old then each(old, 'EXPIRE', ARGV[3]) end
"""


class _Place:
    """A Redis server, and the keys that a shop has on it."""

    def __init__(self, url: str, shop: str) -> None:
        parts = urlsplit(url)
        self._shown = (
            f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # never with the password
        )
        if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
            raise refuse(
                "store.url", "redis://host:port/number", f"'{self._shown}'", "Correct the address."
            )
        try:
            from redis import Redis
        except ModuleNotFoundError:
            raise NextbuyError(
                f"{self._shown}: a history store in Redis needs the extra `nextbuy[redis]`."
            ) from None
        self.client: Redis = Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)
        self.prefix = f"nextbuy:{shop}:"
        self.current = f"{self.prefix}current"

    def __str__(self) -> str:
        return self._shown

    def about(self, build: str) -> str:
        """Name the hash of what a build says of itself."""
        return f"{self.prefix}{build}:about"

    def shard(self, build: str, kind: StoredKind, own: str) -> str:
        """Name the hash that holds what has an id."""
        return f"{self.prefix}{build}:{kind}:{zlib.crc32(own.encode()) % _SHARDS}"

    def shards(self, build: str, kind: StoredKind) -> list[str]:
        """Name all hashes of one kind."""
        return [f"{self.prefix}{build}:{kind}:{number}" for number in range(_SHARDS)]

    @contextmanager
    def named(self, what: str) -> Iterator[None]:
        """Say where it was that Redis failed."""
        from redis import RedisError

        try:
            yield
        except RedisError as error:
            raise NextbuyError(f"{self}: the history store {what} ({error})") from None


class RedisStore:
    """Read access to the build that was in place when it was opened.

    Raises
    ------
    InputError
        There is no build, or it is not one of this version.
    NextbuyError
        Redis cannot be reached.
    """

    def __init__(self, place: _Place) -> None:
        self._place = place
        with place.named("cannot be read"):
            build = place.client.get(place.current)
            if not isinstance(build, bytes):
                raise missing_store(str(place))
            self._build = build.decode()
            about: Any = place.client.hgetall(place.about(self._build))
        try:
            info = msgspec.json.decode(about[b"info"], type=StoreInfo)
            self._words = object_array(msgspec.json.decode(about[b"words"]))
        except (KeyError, msgspec.MsgspecError) as error:
            raise broken_store(str(place), error) from None
        self.info = check_info(info, str(place))

    def read(self, customer_ids: Sequence[str]) -> dict[str, StoredHistory]:
        """Read the tables of the customers that the store knows; unknown ones are left out."""
        return self._fetch(
            "record", customer_ids, lambda record: unpack_history(record, self._words)
        )

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the products that the store knows; unknown ones are left out."""
        return self._fetch("product", product_ids, unpack_product)

    def _fetch(
        self, kind: StoredKind, ids: Sequence[str], unpacked: Callable[[bytes], Unpacked]
    ) -> dict[str, Unpacked]:
        shards: dict[str, list[str]] = {}
        for own in ids:
            shards.setdefault(self._place.shard(self._build, kind, own), []).append(own)
        with self._place.named("cannot be read"):
            pipeline = self._place.client.pipeline(transaction=True)
            for shard, some in shards.items():
                pipeline.hmget(shard, some)
            pipeline.exists(self._place.about(self._build))
            *parts, there = pipeline.execute()
        if not there:  # without it every customer would look unknown
            raise NextbuyError(f"{self._place}: this build of the history store has expired")
        found = {
            own: packed
            for some, values in zip(shards.values(), parts, strict=True)
            for own, packed in zip(some, values, strict=True)
        }
        try:
            return {own: unpacked(found[own]) for own in ids if found[own] is not None}
        except (ValueError, IndexError, OSError) as error:
            raise broken_store(str(self._place), error) from None

    @property
    def data_cutoff(self) -> int:
        """Last instant of the build's data."""
        return self.info.data_cutoff

    def customer_ids(self) -> list[str]:
        """List all customers of the store, sorted."""
        with self._place.named("cannot be read"):
            pipeline = self._place.client.pipeline()
            for shard in self._place.shards(self._build, "record"):
                pipeline.hkeys(shard)
            return sorted(key.decode() for keys in pipeline.execute() for key in keys)

    def close(self) -> None:
        """Close the connections."""
        self._place.client.close()


class RedisTarget:
    """The place on a Redis server where a shop's builds are put."""

    def __init__(self, url: str, shop: str) -> None:
        self._url, self._shop = url, shop
        self._place = _Place(url, shop)

    def __str__(self) -> str:
        return str(self._place)

    def look(self) -> object:
        """Say which build is in place."""
        with self._place.named("cannot be read"):
            return self._place.client.get(self._place.current)

    def open(self) -> RedisStore:
        """Open the build in place."""
        return RedisStore(_Place(self._url, self._shop))

    def write(self, info: StoreInfo, words: Array, products: Packed, records: Packed) -> None:
        """Write a build under keys of its own, and point to it.

        Raises
        ------
        NextbuyError
            It could not be written to its end; the one in place is untouched.
        """
        place, build = self._place, uuid.uuid4().hex
        failed = f"could not be written; the last build is still in place. {REBUILD}"
        with place.named(failed):
            names = f"{place.prefix}{build}:keys"
            shards = [shard for kind in _KINDS for shard in place.shards(build, kind)]
            keys = [place.about(build), names, *shards]
            pipeline = place.client.pipeline(transaction=False)
            pipeline.sadd(names, *keys)
            about: dict[Any, Any] = {
                "info": msgspec.json.encode(info),
                "words": msgspec.json.encode(words.tolist()),
            }
            pipeline.hset(place.about(build), mapping=about)
            for key in (place.about(build), names):
                pipeline.expire(key, _UNFINISHED_SECONDS)
            pipeline.execute()
        try:
            for kind, packed in zip(_KINDS, (products, records), strict=True):
                while some := list(islice(packed, _BATCH)):
                    with place.named(failed):
                        self._send(build, kind, some)
            with place.named(failed):
                swap = place.client.register_script(_SWAP)
                swap(keys=[place.current], args=[build, place.prefix, _OLD_SECONDS])
        except BaseException:
            self._forget(keys)
            raise

    def _send(self, build: str, kind: StoredKind, values: Sequence[tuple[str, bytes]]) -> None:
        shards: dict[str, dict[Any, Any]] = {}
        for own, packed in values:
            shards.setdefault(self._place.shard(build, kind, own), {})[own] = packed
        pipeline = self._place.client.pipeline(transaction=False)
        for shard, some in shards.items():
            pipeline.hset(shard, mapping=some)
            pipeline.expire(shard, _UNFINISHED_SECONDS)
        pipeline.execute()

    def _forget(self, keys: Sequence[str]) -> None:
        """Free what a build that failed has written; what cannot be freed now expires."""
        from redis import RedisError

        with suppress(RedisError):
            self._place.client.unlink(*keys)
