"""Stores and brands: activity in each, and the group that follows from it."""

from collections.abc import Sequence

from features.catalog.feature import Aggregate, Derived, Feature
from features.inputs.sources import quote

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
        Aggregate("active_days_sum_90d", "stores", "sum", "days", "active days in 90 days, summed over stores", "days", "stores"),
        Aggregate("stores_active_count_90d", "stores", "count", "store", "stores with an active day in 90 days", "stores", "stores"),
        Aggregate("stores_high_count_90d", "stores", "sum", "high", "stores with more active days than their median customer", "stores", "stores"),
        Derived("activity_group", group, "reward, stimulate or win_back", "name", "stores", kind="text"),
        *(f for store in stores if 1 < len(stores) <= _MAX_STORES for f in _of(store)),
    ]  # fmt: skip


def _of(store: str) -> list[Feature]:
    here = f"store = {quote(store)}"
    return [
        Aggregate(f"{store}_active_days_sum_90d", "stores", "sum", "days", f"active days in {store} in 90 days", "days", "stores", where=here),
        Aggregate(f"{store}_high_max_90d", "stores", "max", "high", f"1: more active days in {store} than its median customer", "flag", "stores", where=here),
        Aggregate(f"{store}_orders_count_365d", "purchases", "count", "amount", f"orders in {store}", "orders", "stores", where=here, lookback=365),
    ]  # fmt: skip
