"""The history store: one packed record per customer, read at ask time.

A build is written beside the one that is served and put in its place in one step, so that a
reader sees the old build or the new one and never a mixture. Where a shop's store is, an
embedded file or Redis, is one address; what is read from it is the same.
"""

from collections.abc import Mapping
from pathlib import Path

from features.catalog.relations import KEPT_DAYS
from features.engines.sql.feature_build import build_lookups_at, read_catalog, read_vocabulary
from features.errors import InputError
from features.history.layout import HISTORY_COLUMNS
from features.ledgers.journal import has_journal, open_journal
from features.log.log import Log, check_cutoff_in_data
from features.shop.pseudonyms import key_fingerprint
from features.store.address import open_target
from features.store.build.kept_lookups import earlier_lookups, hash_statistics
from features.store.build.product_records import read_products
from features.store.build.records import Extent, read_records, read_words
from features.store.protocol import FORMAT, MARGIN_DAYS, StoreInfo, Target
from features.windows import DAY

_CLOCK_DAYS = 2  # by which a clock of a posted row may be later than its receipt


def build_store(
    log: Log,
    target: Target | Path,
    data_cutoff: int | None = None,
    keep_days: Mapping[str, int] = KEPT_DAYS,
) -> StoreInfo:
    """Build the store of a log and put it in place of the one at the target.

    Statistics of the population stay from that one, so that instants before this build's cutoff
    are answered with those of then.

    Parameters
    ----------
    data_cutoff : int, optional
        Leave out what was known after this instant; default: everything observed. Consents
        and reachability are never left out: a withdrawal may come after the last order.
    keep_days : dict of str to int, optional
        For how many days before the cutoff, and `MARGIN_DAYS` more, a table's rows are kept;
        tables that are not named are kept whole. Default: what the features read.

    Returns
    -------
    StoreInfo
        What was written.
    """
    if data_cutoff is None:
        data_cutoff = log.observed_until
    check_cutoff_in_data(log, data_cutoff)
    if isinstance(target, Path):
        target = open_target(target)
    extent = Extent.of(data_cutoff, keep_days, MARGIN_DAYS)
    section, catalog = log.shop.section, read_catalog(log, data_cutoff)
    vocabulary = read_vocabulary(log, data_cutoff)
    made_of = hash_statistics(log.shop, catalog, vocabulary.attributes)
    earlier = earlier_lookups(_info_in_place(target), made_of, data_cutoff)
    info = StoreInfo(
        format=FORMAT,
        data_cutoff=data_cutoff,
        answers_from=data_cutoff - MARGIN_DAYS * DAY if extent.keep_from else None,
        journal_seq=_journal_seq(log, data_cutoff),
        timezone=section.timezone,
        currency=section.currency,
        vocabulary=vocabulary,
        lookups=[*earlier, build_lookups_at(log, data_cutoff, catalog)],
        lookups_hash=made_of,
        key_fingerprint=key_fingerprint(log.shop),
        layout=HISTORY_COLUMNS,
    )
    target.write(info, read_words(log), read_products(log), read_records(log, extent))
    return info


def _info_in_place(target: Target) -> StoreInfo | None:
    """Read what the build in place says of itself; None where none of this version is there."""
    if target.look() is None:
        return None
    try:
        store = target.open()
    except InputError:  # of another version, or damaged: it is replaced
        return None
    store.close()
    return store.info


def _journal_seq(log: Log, data_cutoff: int) -> int:
    """Number the last posted row that is surely in a build at a cutoff.

    Clocks of a row may be somewhat later than its receipt (a bare date is known at its end),
    so the rows of the days before the cutoff are also read from the journal, and not counted
    twice: they have the same keys.
    """
    if not has_journal(log.shop):
        return 0
    journal = open_journal(log.shop)
    seq = journal.last_seq(data_cutoff - _CLOCK_DAYS * DAY, log.journal_seq)
    journal.close()
    return seq
