"""Declares the features of stores: a customer's activity in each, and the activity group."""

from collections.abc import Sequence

from features.contract.casts import name_sql, quote
from features.language.feature import Aggregate, Derived, Feature

# Of more stores than this none has columns of its own; they still count in the group.
_MAX_STORES = 8
_GROUP = """CASE WHEN stores_high_count_90d >= {enough} THEN 'reward'
 WHEN stores_high_count_90d >= 1 OR {single} AND stores_active_count_90d >= 1 THEN 'stimulate'
 ELSE 'win_back' END"""


def store_features(stores: Sequence[str]) -> list[Feature]:
    """Declare a customer's activity per store and across stores.

    A shop that names no store counts as one store. Active days are days with a purchase or an
    event in 90 days; activity is high above the median among the store's active customers. The
    groups: `reward` high in two or more stores (a single store: high), `stimulate` high in one (a
    single store: low), `win_back` low or none everywhere.

    Parameters
    ----------
    stores : sequence of str
        The shop's free names of stores. Two to eight stores have features of their own, such as
        `<store>_orders_count_365d`; of more stores none has, and all still count in the group.

    Returns
    -------
    list of Feature
        The declarations: first those across stores, then those of each store.
    """
    single = len(stores) <= 1
    group = _GROUP.format(enough=1 if single else 2, single="TRUE" if single else "FALSE")
    return [
        Aggregate(
            name="active_days_sum_90d",
            relation="stores",
            aggregate="sum",
            value="days",
            description="active days (with a purchase or an event) in 90 days, summed over stores",
            unit="days",
            family="stores",
        ),
        Aggregate(
            name="stores_active_count_90d",
            relation="stores",
            aggregate="count",
            value="store",
            description="stores with an active day in 90 days",
            unit="stores",
            family="stores",
        ),
        Aggregate(
            name="stores_high_count_90d",
            relation="stores",
            aggregate="sum",
            value="high",
            description=(
                "stores in which the customer has more active days in 90 days than their median "
                "active customer"
            ),
            unit="stores",
            family="stores",
        ),
        Derived(
            name="activity_group",
            expression=group,
            description=(
                "`reward`: high in two or more stores, `stimulate`: high in one, `win_back`: in "
                "none (a single store: high, low, none)"
            ),
            unit="name",
            family="stores",
            kind="text",
        ),
        *(_by_name(stores) if 1 < len(stores) <= _MAX_STORES else []),
    ]


def _by_name(stores: Sequence[str]) -> list[Feature]:
    return [*(feature for store in stores for feature in _of(store)), _main_store_share(stores)]


def _main_store_share(stores: Sequence[str]) -> Derived:
    """Declare the share of messages that come from the store, or stores, of most orders."""
    orders = [name_sql(f"{store}_orders_count_365d") for store in stores]
    sent = [name_sql(f"{store}_messages_count_182d") for store in stores]
    most = f"greatest({', '.join(orders)})"
    main = " + ".join(
        f"CASE WHEN {o} = {most} THEN {s} ELSE 0 END" for o, s in zip(orders, sent, strict=True)
    )
    share = f"CASE WHEN {most} > 0 THEN ({main}) / nullif({' + '.join(sent)}, 0) END"
    return Derived(
        name="main_store_messages_share_182d",
        expression=share,
        description=(
            "share of the stores' messages of 182 days that came from the store with most of the "
            "customer's orders of 365 days: low where others write; empty without messages or "
            "orders"
        ),
        unit="share",
        family="stores",
    )


def _of(store: str) -> list[Feature]:
    here = f"store = {quote(store)}"
    more_active = f"active days in {store} in 90 days than its median active customer"
    return [
        Aggregate(
            name=f"{store}_active_days_sum_90d",
            relation="stores",
            aggregate="sum",
            value="days",
            description=f"days with a purchase or an event in {store} in 90 days",
            unit="days",
            family="stores",
            where=here,
        ),
        Aggregate(
            name=f"{store}_high_max_90d",
            relation="stores",
            aggregate="max",
            value="high",
            description=f"1: more {more_active}, 0: not; empty without an active day there",
            sentence=f"More {more_active}",
            sentence_if_zero=f"Not more {more_active}",
            unit="flag",
            family="stores",
            where=here,
        ),
        Aggregate(
            name=f"{store}_orders_count_365d",
            relation="purchases",
            aggregate="count",
            value="happened_at",
            description=f"orders in {store} in 365 days",
            unit="orders",
            family="stores",
            where=here,
            lookback=365,
        ),
        Aggregate(
            name=f"{store}_messages_count_182d",
            relation="messages",
            aggregate="count",
            value="happened_at",
            description=f"messages from {store} in 182 days",
            unit="messages",
            family="stores",
            where=here,
            lookback=182,
        ),
    ]
