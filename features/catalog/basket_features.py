"""Declares the features of baskets: what was bought, at which price level, and what is due."""

from features.language.feature import Aggregate, Derived, Feature


def _preferences(what: str, *, relation: str, column: str) -> list[Feature]:
    """Declare the value of a product attribute that a customer buys most, and its share.

    Parameters
    ----------
    what : str
        The attribute in the names and descriptions of the features, as in `brand`.
    relation : str
        The relation with one row per value of the attribute.
    column : str
        The attribute's column in that relation.
    """
    bought = "bought most often in two years"
    return [
        Aggregate(
            name=f"{what}_top",
            relation=relation,
            aggregate="top",
            value=column,
            description=f"{what} {bought}; empty if no line names one",
            unit="name",
            family="basket",
            by="lines",
            kind="text",
        ),
        Aggregate(
            name=f"{what}_lines_max",
            relation=relation,
            aggregate="max",
            value="lines",
            description=f"order lines of that {what}",
            sentence=f"{{value}} of the {what} bought most often in two years",
            unit="lines",
            family="basket",
        ),
        Aggregate(
            name=f"{what}_lines_sum",
            relation=relation,
            aggregate="sum",
            value="lines",
            description=f"order lines of two years with a known {what}",
            unit="lines",
            family="basket",
        ),
        Derived(
            name=f"{what}_top_share",
            expression=f"{what}_lines_max / nullif({what}_lines_sum, 0)",
            description=(
                f"loyalty: share of those lines that is of the {what} bought most often, 1 for "
                f"one {what} only"
            ),
            sentence=f"{{value}} of order lines are of one {what}",
            unit="share",
            family="basket",
        ),
    ]


def _variety(what: str, *, plural: str, relation: str, column: str) -> Feature:
    """Declare how many different values of a product attribute a customer bought."""
    return Aggregate(
        name=f"{what}_count",
        relation=relation,
        aggregate="count",
        value=column,
        description=f"different {plural} bought in two years",
        unit=plural,
        family="basket",
    )


BASKETS: list[Feature] = [
    Aggregate(
        name="lines_count_365d",
        relation="shelf_lines",
        aggregate="count",
        value="happened_at",
        description="order lines of 365 days",
        unit="lines",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="quantity_sum_365d",
        relation="shelf_lines",
        aggregate="sum",
        value="quantity",
        description="pieces bought in 365 days",
        unit="pieces",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="quantity_mean_365d",
        relation="shelf_lines",
        aggregate="mean",
        value="quantity",
        description="mean pieces per order line of 365 days",
        unit="pieces",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="unit_price_mean_365d",
        relation="shelf_lines",
        aggregate="mean",
        value="unit_price",
        description="mean price paid for a piece, over the order lines of 365 days",
        unit="minor units",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="unit_price_max_365d",
        relation="shelf_lines",
        aggregate="max",
        value="unit_price",
        description="price of the dearest piece bought in 365 days",
        unit="minor units",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="orders_count_365d",
        relation="purchases",
        aggregate="count",
        value="happened_at",
        description="orders of 365 days",
        unit="orders",
        family="basket",
        lookback=365,
    ),
    Derived(
        name="lines_per_order_365d",
        expression="lines_count_365d / nullif(orders_count_365d, 0)",
        description="mean order lines per order of 365 days",
        unit="lines",
        family="basket",
    ),
    Aggregate(
        name="price_index_mean_365d",
        relation="shelf_lines",
        aggregate="mean",
        value="price_index",
        description=(
            "price level bought in 365 days: price paid over the category's mean among all "
            "customers, 1 is average"
        ),
        sentence="Pays {value} times the mean price of a category",
        unit="ratio",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="price_index_std_365d",
        relation="shelf_lines",
        aggregate="std",
        value="price_index",
        description="standard deviation of that price level over the customer's order lines",
        sentence="Price level bought varies by {value}, where 1 is the average price",
        unit="ratio",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="premium_share_mean_365d",
        relation="shelf_lines",
        aggregate="mean",
        value="CASE WHEN price_index > 1.25e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END",
        description="share of order lines more than a quarter above the category's mean price",
        sentence="{value} of order lines are over 1.25 times the category's mean price",
        unit="share",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="budget_share_mean_365d",
        relation="shelf_lines",
        aggregate="mean",
        value="CASE WHEN price_index < 0.75e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END",
        description="share of order lines more than a quarter below the category's mean price",
        sentence="{value} of order lines are under 0.75 times the category's mean price",
        unit="share",
        family="basket",
        lookback=365,
    ),
    Aggregate(
        name="products_count",
        relation="products",
        aggregate="count",
        value="product_id",
        description="different products bought in two years",
        unit="products",
        family="basket",
    ),
    Aggregate(
        name="products_lines_sum",
        relation="products",
        aggregate="sum",
        value="lines",
        description="order lines in two years",
        unit="lines",
        family="basket",
    ),
    Derived(
        name="repeat_share",
        expression="1 - products_count / nullif(products_lines_sum, 0)",
        description="share of order lines of a product that was already bought within two years",
        sentence="{value} of order lines are of a product already bought within two years",
        unit="share",
        family="basket",
    ),
    *_preferences("category", relation="cycles", column="category"),
    _variety("category", plural="categories", relation="cycles", column="category"),
    *_preferences("subcategory", relation="subcategories", column="subcategory"),
    *_preferences("brand", relation="brands", column="brand"),
    _variety("brand", plural="brands", relation="brands", column="brand"),
    *_preferences("color", relation="colors", column="color"),
    _variety("color", plural="colors", relation="colors", column="color"),
    *_preferences("size", relation="sizes", column="size"),
    _variety("size", plural="sizes", relation="sizes", column="size"),
    Aggregate(
        name="due_category",
        relation="due",
        aggregate="top",
        value="category",
        description=(
            "category furthest past (or nearest to) its due date by the customer's own cycle; "
            "empty without a category that customers buy again and again"
        ),
        unit="name",
        family="basket",
        by="overdue_ratio",
        kind="text",
    ),
    Aggregate(
        name="due_category_days",
        relation="due",
        aggregate="max",
        value="due_days",
        description="days until that category is due: 0 is today, below 0 it is overdue",
        sentence="{due_category}: {due} by the customer's own cycle",
        unit="days",
        family="basket",
    ),
    Aggregate(
        name="due_days_min",
        relation="cycles",
        aggregate="min",
        value="due_days",
        description="days until the category that is due first, below 0 overdue",
        sentence="Due first: a category {due}",
        unit="days",
        family="basket",
    ),
    Aggregate(
        name="due_ratio_max",
        relation="cycles",
        aggregate="max",
        value="overdue_ratio",
        description=(
            "days since the most overdue category was bought, over its cycle: 1 is due today, 2 "
            "a whole cycle late"
        ),
        sentence="{value} cycles since the most overdue category was bought",
        unit="ratio",
        family="basket",
    ),
    Aggregate(
        name="due_count_14d",
        relation="cycles",
        aggregate="count",
        value="category",
        description=(
            "categories that are due within 14 days or overdue, up to three cycles after they "
            "were bought"
        ),
        unit="categories",
        family="basket",
        where="due_days <= 14 AND overdue_ratio <= 3",
    ),
]
