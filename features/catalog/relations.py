"""Declares the relations that features sum up: rows of a shop's tables, known at a cutoff."""

from features.history.layout import PRODUCT_TEXT_COLUMNS
from features.language.relation import Lookup, Relation, Relations
from features.language.vocabulary import Vocabulary
from features.windows import DAY

# Events and messages are kept in the history store as far back as this, and no further.
EVENT_DAYS = 182
MESSAGE_DAYS = 365
KEPT_DAYS = {"events": EVENT_DAYS, "messages": MESSAGE_DAYS}
LINE_DAYS = 730
_ACTIVITY_DAYS = 90  # of the activity groups


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


PURCHASES = (
    Relation(
        name="orders_known",
        table="orders",
        columns={
            "happened_at": "ordered_at",
            "day": "local_day",
            "amount": "amount",
            "discount": "discount",
            "store": "coalesce(store, '-')",
            "sales_channel": "sales_channel",
            "cancelled": "CASE WHEN cancelled_known_at <= cutoff THEN 1 ELSE 0 END",
        },
    ),
    Relation(
        name="purchases",
        sources=("orders_known",),
        columns=_same("happened_at", "day", "amount", "discount", "store", "sales_channel"),
        where="cancelled = 0",
    ),
    Relation(
        name="sales_channels",
        sources=("purchases",),
        where="sales_channel IS NOT NULL",
        by=("sales_channel",),
        totals={"happened_at": ("max", "happened_at"), "orders": ("count", "happened_at")},
    ),
    Relation(
        name="purchase_days",
        sources=("purchases",),
        by=("day",),
        totals={"happened_at": ("min", "happened_at"), "amount": ("sum", "amount")},
        order="day",
        gaps={"gap_days": "day"},
        ages={"age_days": "day"},
    ),
)

CATEGORY_PRICE = Lookup(
    name="category_price",
    relation="lines",
    key="category",
    totals={"category_price": ("mean", "unit_price")},
)
CATEGORY_CYCLE = Lookup(
    name="category_cycle",
    relation="categories",
    key="category",
    totals={"cycle_days": ("sum", "last_day - first_day"), "cycle_count": ("sum", "days - 1")},
)
# A category has a cycle once this many repeat purchases of it are known; below that a due date
# would be invented.
_HAS_CYCLE = "cycle_count >= 30"
# A customer's own mean gap in a category, drawn to the population's by two pseudo-gaps: the gaps
# telescope, so that their sum is last day less first day.
_CYCLE = (
    "(last_day - first_day + 2 * cycle_days / nullif(cycle_count, 0)) / greatest(days - 1 + 2, 1)"
)


def _preference(name: str, column: str) -> Relation:
    return Relation(
        name=name,
        sources=("lines",),
        where=f"{column} IS NOT NULL",
        by=(column,),
        totals={"lines": ("count", "happened_at")},
    )


BASKETS = (
    Relation(
        name="lines",
        table="lines",
        columns=_same("quantity", "unit_price", "product_id", *PRODUCT_TEXT_COLUMNS)
        | {"happened_at": "ordered_at", "day": "local_day"},
        where="NOT coalesce(cancelled_known_at <= cutoff, FALSE)",
        lookback=LINE_DAYS,
    ),
    Relation(
        name="shelf_lines",
        sources=("lines",),
        columns=_same("happened_at", "quantity", "unit_price")
        | {"price_index": "unit_price / nullif(category_price, 0)"},
        lookup=CATEGORY_PRICE,
    ),
    Relation(
        name="category_days",
        sources=("lines",),
        where="category IS NOT NULL",
        by=("category", "day"),
        totals={"lines": ("count", "happened_at")},
    ),
    Relation(
        name="categories",
        sources=("category_days",),
        by=("category",),
        totals={
            "first_day": ("min", "day"),
            "last_day": ("max", "day"),
            "days": ("count", "day"),
            "lines": ("sum", "lines"),
        },
    ),
    Relation(
        name="cycles",
        sources=("categories",),
        columns=_same("category", "lines")
        | {
            "due_days": f"CASE WHEN {_HAS_CYCLE} THEN last_day + {_CYCLE} - cutoff_day END",
            "overdue_ratio": f"CASE WHEN {_HAS_CYCLE} "
            f"THEN (cutoff_day - last_day) / nullif({_CYCLE}, 0) END",
        },
        lookup=CATEGORY_CYCLE,
    ),
    # the category most overdue, of equally overdue ones the last in the order of the alphabet
    Relation(
        name="due",
        sources=("cycles",),
        columns=_same("category", "due_days", "overdue_ratio"),
        where="overdue_ratio IS NOT NULL",
        order="overdue_ratio",
        latest=True,
        ties=("category",),
    ),
    _preference("subcategories", "subcategory"),
    _preference("brands", "brand"),
    _preference("colors", "color"),
    _preference("sizes", "size"),
    _preference("products", "product_id"),
    Relation(
        name="returns",
        table="returns",
        columns={"happened_at": "returned_at", "day": "local_day"}
        | _same("amount", "product_id", "category"),
    ),
    Relation(
        name="returned_categories",
        sources=("returns",),
        where="product_id IS NOT NULL AND category IS NOT NULL",
        lookback=LINE_DAYS,
        by=("category",),
        totals={"returns": ("count", "happened_at"), "amount": ("sum", "amount")},
    ),
)

_BROWSING = (
    Relation(
        name="events",
        table="events",
        columns=_same("event_type", "category", "device")
        | {
            "happened_at": "occurred_at",
            "day": "local_day",
            "store": "coalesce(store, '-')",
            "after_purchase": "occurred_at > coalesce(last_purchase_at, 0)",
            "price_index": "price / nullif(category_price, 0)",
        },
        lookback=EVENT_DAYS,
        customer={"last_purchase_at": ("purchases", "max", "happened_at")},
        lookup=CATEGORY_PRICE,
    ),
    Relation(
        name="event_gaps",
        sources=("events",),
        columns=_same("happened_at", "day"),
        lookback=91,
        order="happened_at",
        gaps={"gap_us": "happened_at", "gap_days": "day"},
    ),
    Relation(
        name="viewed_categories",
        sources=("events",),
        where="event_type = 'view' AND category IS NOT NULL",
        by=("category",),
        totals={"happened_at": ("max", "happened_at"), "views": ("count", "happened_at")},
    ),
)


def _late_instants(*names: str) -> dict[str, str]:
    """Declare late instants of a message (opened, clicked), NULL unless known at the cutoff."""
    return {f"{n}_at": f"CASE WHEN {n}_known_at <= cutoff THEN {n}_at END" for n in names}


def _recent(value: str, days: int) -> str:
    return f"CASE WHEN happened_at > cutoff - {days * DAY} THEN {value} END"


HUMAN_OPEN = "opened_at IS NOT NULL AND NOT machine_opened"
# What is counted of each channel, and for how many days: once for all channels of a customer,
# since every count by itself would read all messages again.
CHANNEL_COUNTS: dict[str, tuple[str, int]] = {
    "sent_28d": ("1", 28),
    "sent_182d": ("1", 182),
    "delivered_182d": ("delivered_at", 182),
    "opened_182d": (f"CASE WHEN {HUMAN_OPEN} THEN 1 END", 182),
    "clicked_182d": ("clicked_at", 182),
    "converted_182d": ("converted_at", 182),
    "unanswered_91d": ("CASE WHEN clicked_at IS NULL THEN 1 END", 91),
}
_MESSAGES = (
    Relation(
        name="messages",
        table="messages",
        columns=_late_instants("delivered", "opened", "clicked", "converted", "unsubscribed")
        | {
            "happened_at": "sent_at",
            "machine_opened": "coalesce(machine_opened, FALSE)",
            "revenue": "CASE WHEN converted_known_at <= cutoff THEN revenue END",
        }
        | _same("channel", "campaign_id", "store"),
        where="channel <> 'none'",
        lookback=MESSAGE_DAYS,
    ),
    Relation(
        name="channels",
        sources=("messages",),
        by=("channel",),
        totals={"happened_at": ("max", "happened_at")}
        | {name: ("count", _recent(value, days)) for name, (value, days) in CHANNEL_COUNTS.items()},
    ),
    Relation(
        name="campaigns",
        sources=("messages",),
        where="campaign_id IS NOT NULL",
        by=("campaign_id",),
        totals={
            "happened_at": ("max", "happened_at"),
            "clicked": ("count", "clicked_at"),
            "converted": ("count", "converted_at"),
        },
    ),
)

STORE_ACTIVITY = Lookup(
    name="store_activity",
    relation="store_days",
    key="store",
    totals={"median_days": ("median", "days")},
)


def _activity(sources: tuple[str, ...], where: str) -> tuple[Relation, ...]:
    """Declare the active days per store: days with a purchase or, where logged, an event."""
    return (
        Relation(
            name="activity",
            sources=sources,
            columns=_same("happened_at", "store", "day"),
            where=where,
            lookback=_ACTIVITY_DAYS,
        ),
        Relation(
            name="activity_days",
            sources=("activity",),
            by=("store", "day"),
            totals={"rows": ("count", "happened_at")},
        ),
        Relation(
            name="store_days",
            sources=("activity_days",),
            by=("store",),
            totals={"days": ("count", "day")},
        ),
        Relation(
            name="stores",
            sources=("store_days",),
            columns=_same("store", "days")
            | {"high": "CASE WHEN days > median_days THEN 1 ELSE 0 END"},
            lookup=STORE_ACTIVITY,
        ),
    )


STATEMENTS = Lookup(
    name="statements",
    relation="attributes",
    key="statement",
    totals={"customers": ("count", "happened_at")},
)
_PROFILE = (
    Relation(
        name="profile",
        table="profile",
        columns={
            "happened_at": "known_at",
            "first_seen_at": "CASE WHEN first_seen_known_at <= cutoff THEN first_seen_at END",
            "birth_year": "birth_year",
        },
        order="happened_at",
        latest=True,
        # two accounts of one customer may speak at once, and always do without a clock
        ties=("birth_year", "first_seen_at"),
    ),
    Relation(
        name="attributes",
        table="attributes",
        columns={"happened_at": "known_at"} | _same("attribute", "value", "statement"),
        order="happened_at",
        within=("attribute",),
        latest=True,
        ties=("value",),
    ),
    Relation(
        name="statements",
        sources=("attributes",),
        columns=_same("happened_at", "attribute", "value", "customers"),
        lookup=STATEMENTS,
    ),
)


def make_relations(vocabulary: Vocabulary) -> Relations:
    """Make the relations of a shop.

    In a shop of several stores, rows that name no store belong to none; a single store may leave
    its name out.

    Parameters
    ----------
    vocabulary : Vocabulary
        The shop's tables and stores.
    """
    sources = ("purchases", "events") if "events" in vocabulary.tables else ("purchases",)
    where = "store <> '-'" if len(vocabulary.stores) > 1 else ""
    return Relations(
        (*PURCHASES, *BASKETS, *_BROWSING, *_MESSAGES, *_activity(sources, where), *_PROFILE)
    )
