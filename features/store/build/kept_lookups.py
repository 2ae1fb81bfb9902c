"""Statistics: the lookups that a build takes over from the builds before it.

An instant is answered with the statistics of then, and those of an earlier instant cannot be
taken from a later build's own: they stay with the store as long as an instant asked about may
need them.
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
    """Hash what the statistics of the population are made of: two builds of one hash agree."""
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
    """Give the lookups of earlier builds that an answer may still need, the oldest first.

    Those within the days that are answered exactly and the newest before them, and never more
    than a month of nightly builds has.

    Parameters
    ----------
    before : StoreInfo or None
        Of the build in place.
    made_of : str
        `hash_statistics` of the build that is made; statistics made of anything else are not
        taken over.
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
