"""Builds the history store of a log: one packed record per customer, read at each request.

A build is written beside the one that is served and replaces it in one step, so that a reader sees
the old build or the new one and never a mixture.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog, read_vocabulary
from features.catalog.relations import KEPT_DAYS
from features.errors import InputError
from features.history.layout import HISTORY_COLUMNS
from features.ledgers.journal import has_journal, open_journal
from features.log.log import Log
from features.log.log_cutoffs import check_cutoff_in_data
from features.shop.pseudonyms import key_fingerprint
from features.store.address import open_target
from features.store.build.kept_lookups import earlier_lookups, hash_statistics
from features.store.build.product_records import read_products
from features.store.build.records import BuildExtent, read_records, read_words
from features.store.protocol import MARGIN_DAYS, STORE_FORMAT, StoreInfo, StoreTarget
from features.windows import DAY

_CLOCK_DAYS = 2  # by which a clock of a posted row may be later than its receipt


def build_store(
    log: Log,
    target: StoreTarget | Path,
    data_cutoff: int | None = None,
    keep_days: Mapping[str, int] = KEPT_DAYS,
) -> StoreInfo:
    """Build the store of a log and put it in place of the one at the target.

    The population's statistics of the replaced build are kept, so that requests for instants
    before this build's cutoff are answered with the statistics of that time.

    Parameters
    ----------
    log : Log
        The shop's tables.
    target : StoreTarget or Path
        Where the build is put.
    data_cutoff : int, optional
        Microseconds UTC; what was known later is left out. Default: the end of the data, and then
        nothing is left out: single orders and posts after it are part of a history, though they
        do not say that the data reaches further. Consents and reachability are never left out: a
        withdrawal may come after the last order.
    keep_days : dict of str to int, optional
        Table -> days before the cutoff, and `MARGIN_DAYS` more, of which rows are kept; tables
        that are not named are kept whole. Default: the days that the features read.

    Returns
    -------
    StoreInfo
        Description of the build that was written.
    """
    if data_cutoff is None:
        data_cutoff = log.observed_until
    check_cutoff_in_data(log, data_cutoff)
    if isinstance(target, Path):
        target = open_target(target)
    is_end = data_cutoff == log.observed_until
    known_until = time.time_ns() // 1000 if is_end else data_cutoff
    extent = BuildExtent.of(known_until, data_cutoff, keep_days, MARGIN_DAYS)
    section, catalog = log.shop.section, read_catalog(log, data_cutoff)
    vocabulary = read_vocabulary(log, data_cutoff)
    made_of = hash_statistics(log.shop, catalog, vocabulary.attributes)
    earlier = earlier_lookups(_info_in_place(target), made_of, data_cutoff)
    info = StoreInfo(
        format=STORE_FORMAT,
        data_cutoff=data_cutoff,
        answers_from=data_cutoff - MARGIN_DAYS * DAY if extent.keep_from else None,
        journal_seq=_journal_seq(log, known_until),
        timezone=section.timezone,
        currency=section.currency,
        vocabulary=vocabulary,
        lookups=[*earlier, build_lookups_at(log, data_cutoff, catalog)],
        lookups_hash=made_of,
        key_fingerprint=key_fingerprint(log.shop),
        fold=log.shop.fold,
        layout=HISTORY_COLUMNS,
    )
    target.write(info, read_words(log), read_products(log), read_records(log, extent))
    return info


def _info_in_place(target: StoreTarget) -> StoreInfo | None:
    """Read the description of the build in place; None without a build of this version."""
    if target.build_id() is None:
        return None
    try:
        store = target.open()
    except InputError:  # of another version, or damaged: it is replaced
        return None
    store.close()
    return store.info


def _journal_seq(log: Log, known_until: int) -> int:
    """Return the number of the last posted row that is surely in a build of what was known until.

    Clocks of a row may be somewhat later than its receipt (a bare date is known at its end), so
    the rows of the days before are also read from the journal, and not counted twice: they have
    the same keys.
    """
    if not has_journal(log.shop):
        return 0
    journal = open_journal(log.shop)
    seq = journal.last_seq(known_until - _CLOCK_DAYS * DAY, log.journal_seq)
    journal.close()
    return seq
