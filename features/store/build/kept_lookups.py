"""Selects the lookups that a build of the store takes over from the builds before it.

A request for an instant is answered with the population's statistics as of that instant. A later
build cannot compute them again, so that they stay with the store as long as a request may need
them.
"""

import hashlib

import msgspec

from features.language.catalog import Catalog
from features.language.scope import Lookups
from features.shop.sensitive_words import SENSITIVE_WORDS
from features.shop.shop import Shop
from features.store.protocol import MARGIN_DAYS, StoreInfo
from features.windows import DAY

# A month of nightly builds, and some by hand. Each one holds a value for every category and every
# declared attribute, and all of them are in memory where the store is read.
_MOST = 35


def hash_statistics(shop: Shop, catalog: Catalog, attributes: list[str]) -> str:
    """Hash all that decides the population's statistics, their definitions and settings.

    Builds with equal hashes have comparable statistics.

    Parameters
    ----------
    shop : Shop
        Its time zone, currency and sensitive words are part of the hash.
    catalog : Catalog
        Its lookups' definitions are part of the hash.
    attributes : list of str
        Attributes of customers of which shares are taken.

    Returns
    -------
    str
        16 hex digits.
    """
    section, sensitive = shop.section, shop.sensitive
    parts = (
        sorted(catalog.lookup_hashes.items()),
        attributes,
        (section.timezone, section.currency),
        (
            SENSITIVE_WORDS,
            sensitive.words,
            sensitive.allow,
        ),  # a name that is kept out since is in none
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def earlier_lookups(before: StoreInfo | None, made_of: str, data_cutoff: int) -> list[Lookups]:
    """List the lookups of earlier builds that an answer may still need, the oldest first.

    They are those of the days that are answered exactly and the newest before these days, at most
    as many as a month of nightly builds has.

    Parameters
    ----------
    before : StoreInfo or None
        Description of the build in place.
    made_of : str
        `hash_statistics` of the new build; statistics of another hash are not taken over.
    data_cutoff : int
        Microseconds UTC of the new build's last instant known.
    """
    if before is None or before.lookups_hash != made_of:
        return []
    known = sorted(
        (lookups for lookups in before.lookups if lookups.built_at < data_cutoff),
        key=lambda lookups: lookups.built_at,
    )
    first = data_cutoff - MARGIN_DAYS * DAY
    older = [lookups for lookups in known if lookups.built_at <= first]
    recent = [lookups for lookups in known if lookups.built_at > first]
    return [*older[-1:], *recent][1 - _MOST :]
