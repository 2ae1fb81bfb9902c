"""Stores and brands: activity in each, and the group that follows from it."""

from collections.abc import Sequence

from features.contract.casts import name_sql, quote
from features.language.feature import Aggregate, Derived, Feature

# Of more stores than this none has columns of its own; they still count in the group.
_MAX_STORES = 8
_GROUP = """CASE WHEN stores_high_count_90d >= {enough} THEN 'reward'
 WHEN stores_high_count_90d >= 1 OR {single} AND stores_active_count_90d >= 1 THEN 'stimulate'
 ELSE 'win_back' END"""


def store_features(stores: Sequence[str]) -> list[Feature]:
    """Declare activity per store and across stores; one store, or none named, counts as one.

    Active days are days with a purchase or an event in 90 days; high is more than the median
    among the store's active customers. The groups: `reward` high in two or more stores (a single
    store: high), `stimulate` high in one (a single store: low), `win_back` low or none everywhere.
    """
    single = len(stores) <= 1
    group = _GROUP.format(enough=1 if single else 2, single="TRUE" if single else "FALSE")
    return [
        Aggregate("active_days_sum_90d", "stores", "sum", "days", "active days (with a purchase or an event) in 90 days, summed over stores", "days", "stores"),
        Aggregate("stores_active_count_90d", "stores", "count", "store", "stores with an active day in 90 days", "stores", "stores"),
        Aggregate("stores_high_count_90d", "stores", "sum", "high", "stores in which the customer has more active days in 90 days than their median active customer", "stores", "stores"),
        Derived("activity_group", group, "`reward`: high in two or more stores, `stimulate`: high in one, `win_back`: in none (a single store: high, low, none)", "name", "stores", kind="text"),
        *(_by_name(stores) if 1 < len(stores) <= _MAX_STORES else []),
    ]  # fmt: skip


def _by_name(stores: Sequence[str]) -> list[Feature]:
    return [*(feature for store in stores for feature in _of(store)), _main_store_share(stores)]


def _main_store_share(stores: Sequence[str]) -> Derived:
    """Declare how many messages come from the store, or stores, of most orders."""
    orders = [name_sql(f"{store}_orders_count_365d") for store in stores]
    sent = [name_sql(f"{store}_messages_count_182d") for store in stores]
    most = f"greatest({', '.join(orders)})"
    main = " + ".join(
        f"CASE WHEN {o} = {most} THEN {s} ELSE 0 END" for o, s in zip(orders, sent, strict=True)
    )
    share = f"CASE WHEN {most} > 0 THEN ({main}) / nullif({' + '.join(sent)}, 0) END"
    return Derived("main_store_messages_share_182d", share, "share of the stores' messages of 182 days that came from the store with most of the customer's orders of 365 days: low where others write; empty without messages or orders", "share", "stores")  # fmt: skip


def _of(store: str) -> list[Feature]:
    here = f"store = {quote(store)}"
    return [
        Aggregate(f"{store}_active_days_sum_90d", "stores", "sum", "days", f"days with a purchase or an event in {store} in 90 days", "days", "stores", where=here),
        Aggregate(f"{store}_high_max_90d", "stores", "max", "high", f"1: more active days in {store} in 90 days than its median active customer, 0: not; empty without an active day there", "flag", "stores", where=here),
        Aggregate(f"{store}_orders_count_365d", "purchases", "count", "amount", f"orders in {store} in 365 days", "orders", "stores", where=here, lookback=365),
        Aggregate(f"{store}_messages_count_182d", "messages", "count", "happened_at", f"messages from {store} in 182 days", "messages", "stores", where=here, lookback=182),
    ]  # fmt: skip
