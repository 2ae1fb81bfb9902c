"""Keeps the history store in Redis, where several hosts share it.

A build has keys of its own, and one pointer names the build in place. A reader goes on reading the
build that it opened; a build that was replaced expires an hour later.
"""

import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from features.arrays import Array, History, object_array
from features.errors import NextbuyError, refuse
from features.history.record import unpack_history
from features.store.products import Product, unpack_product
from features.store.protocol import (
    REBUILD_REMEDY,
    PackedRows,
    StoreInfo,
    Unpacked,
    broken_store,
    check_info,
    missing_store,
)

StoredKind = Literal["product", "record"]

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


class _RedisServer:
    """A Redis server with the names of the keys that a shop has on it."""

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
        """Return the key of the hash that holds a build's description and words."""
        return f"{self.prefix}{build}:about"

    def shard(self, build: str, kind: StoredKind, row_id: str) -> str:
        """Return the key of the hash that holds the product or record of an id."""
        return f"{self.prefix}{build}:{kind}:{zlib.crc32(row_id.encode()) % _SHARDS}"

    def shards(self, build: str, kind: StoredKind) -> list[str]:
        """List the keys of all hashes of products, or of records."""
        return [f"{self.prefix}{build}:{kind}:{number}" for number in range(_SHARDS)]

    @contextmanager
    def naming_failures(self, what: str) -> Iterator[None]:
        """Turn errors of Redis within a context into ones that name the server and what failed."""
        from redis import RedisError

        try:
            yield
        except RedisError as error:
            raise NextbuyError(f"{self}: the history store {what} ({error})") from None


class RedisStore:
    """Reads the build that was in place on a Redis server when the store was opened.

    Raises
    ------
    InputError
        There is no build, or another version of the code made it.
    NextbuyError
        Redis cannot be reached.
    """

    def __init__(self, server: _RedisServer) -> None:
        self._server = server
        with server.naming_failures("cannot be read"):
            build = server.client.get(server.current)
            if not isinstance(build, bytes):
                raise missing_store(str(server))
            self._build = build.decode()
            about: Any = server.client.hgetall(server.about(self._build))
        try:
            info = msgspec.json.decode(about[b"info"], type=StoreInfo)
            self._words = object_array(msgspec.json.decode(about[b"words"]))
        except (KeyError, msgspec.MsgspecError) as error:
            raise broken_store(str(server), error) from None
        self.info = check_info(info, str(server))

    def read(self, customer_ids: Sequence[str]) -> dict[str, History]:
        """Read the histories of the customers that the store knows; others are left out."""
        return self._fetch(
            "record", customer_ids, lambda record: unpack_history(record, self._words)
        )

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the attributes of the products that the store knows; others are left out."""
        return self._fetch("product", product_ids, unpack_product)

    def _fetch(
        self, kind: StoredKind, ids: Sequence[str], unpacked: Callable[[bytes], Unpacked]
    ) -> dict[str, Unpacked]:
        shards: dict[str, list[str]] = {}
        for row_id in ids:
            shards.setdefault(self._server.shard(self._build, kind, row_id), []).append(row_id)
        with self._server.naming_failures("cannot be read"):
            pipeline = self._server.client.pipeline(transaction=True)
            for shard, some in shards.items():
                pipeline.hmget(shard, some)
            pipeline.exists(self._server.about(self._build))
            *parts, exists = pipeline.execute()
        if not exists:  # without it every customer would look unknown
            raise NextbuyError(f"{self._server}: this build of the history store has expired")
        packed_by_id = {
            row_id: packed
            for some, values in zip(shards.values(), parts, strict=True)
            for row_id, packed in zip(some, values, strict=True)
            if packed is not None
        }
        try:
            return {n: unpacked(packed_by_id[n]) for n in ids if n in packed_by_id}
        except (ValueError, IndexError, OSError) as error:
            raise broken_store(str(self._server), error) from None

    @property
    def data_cutoff(self) -> int:
        """Last instant known to the build, microseconds UTC."""
        return self.info.data_cutoff

    def customer_ids(self) -> list[str]:
        """List the ids of all customers of the store, sorted."""
        with self._server.naming_failures("cannot be read"):
            pipeline = self._server.client.pipeline()
            for shard in self._server.shards(self._build, "record"):
                pipeline.hkeys(shard)
            return sorted(key.decode() for keys in pipeline.execute() for key in keys)

    def close(self) -> None:
        """Close the connections."""
        self._server.client.close()


class RedisTarget:
    """A Redis server on which a shop's builds of the store are put.

    Parameters
    ----------
    url : str
        `redis://host:port/number`, or the same with `rediss` or `unix`.
    shop : str
        The shop's name, which its keys begin with.

    Raises
    ------
    InputError
        The address is not one of Redis.
    NextbuyError
        The extra `nextbuy[redis]` is not installed.
    """

    def __init__(self, url: str, shop: str) -> None:
        self._url, self._shop = url, shop
        self._server = _RedisServer(url, shop)

    def __str__(self) -> str:
        return str(self._server)

    def build_id(self) -> object:
        """Return the name of the build in place; None if there is none."""
        with self._server.naming_failures("cannot be read"):
            return self._server.client.get(self._server.current)

    def open(self) -> RedisStore:
        """Open the build in place."""
        return RedisStore(_RedisServer(self._url, self._shop))

    def write(
        self, info: StoreInfo, words: Array, products: PackedRows, records: PackedRows
    ) -> None:
        """Write a build under keys of its own, and make it the one in place at the end.

        Parameters are those of `features.store.protocol.StoreTarget.write`.

        Raises
        ------
        NextbuyError
            The build could not be written; the one in place is untouched.
        """
        server, build = self._server, uuid.uuid4().hex
        failed = f"could not be written; the last build is still in place. {REBUILD_REMEDY}"
        with server.naming_failures(failed):
            names = f"{server.prefix}{build}:keys"
            shards = [shard for kind in _KINDS for shard in server.shards(build, kind)]
            keys = [server.about(build), names, *shards]
            pipeline = server.client.pipeline(transaction=False)
            pipeline.sadd(names, *keys)
            about: dict[Any, Any] = {
                "info": msgspec.json.encode(info),
                "words": msgspec.json.encode(words.tolist()),
            }
            pipeline.hset(server.about(build), mapping=about)
            for key in (server.about(build), names):
                pipeline.expire(key, _UNFINISHED_SECONDS)
            pipeline.execute()
        try:
            for kind, packed in zip(_KINDS, (products, records), strict=True):
                while some := list(islice(packed, _BATCH)):
                    with server.naming_failures(failed):
                        self._send(build, kind, some)
            with server.naming_failures(failed):
                swap = server.client.register_script(_SWAP)
                swap(keys=[server.current], args=[build, server.prefix, _OLD_SECONDS])
        except BaseException:
            self._forget(keys)
            raise

    def _send(self, build: str, kind: StoredKind, values: Sequence[tuple[str, bytes]]) -> None:
        shards: dict[str, dict[Any, Any]] = {}
        for row_id, packed in values:
            shards.setdefault(self._server.shard(build, kind, row_id), {})[row_id] = packed
        pipeline = self._server.client.pipeline(transaction=False)
        for shard, some in shards.items():
            pipeline.hset(shard, mapping=some)
            pipeline.expire(shard, _UNFINISHED_SECONDS)
        pipeline.execute()

    def _forget(self, keys: Sequence[str]) -> None:
        """Delete the keys of a build that failed; keys that cannot be deleted now expire later."""
        from redis import RedisError

        with suppress(RedisError):
            self._server.client.unlink(*keys)
