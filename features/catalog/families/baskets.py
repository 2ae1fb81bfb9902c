"""Baskets: what was bought, how dear, in which rhythm, and what came back."""

from features.catalog.feature import Aggregate, Derived, Feature


def _preferences(what: str, relation: str, column: str) -> list[Feature]:
    """Declare which value of a product attribute a customer prefers, and how much."""
    return [
        Aggregate(f"{what}_top", relation, "top", column, f"{what} bought most often", "name", "basket", by="lines", kind="text"),
        Aggregate(f"{what}_count", relation, "count", column, f"different {what} values bought", "names", "basket"),
        Aggregate(f"{what}_lines_max", relation, "max", "lines", f"order lines of the {what} bought most often", "lines", "basket"),
        Aggregate(f"{what}_lines_sum", relation, "sum", "lines", f"order lines with a known {what}", "lines", "basket"),
        Derived(f"{what}_top_share", f"{what}_lines_max / nullif({what}_lines_sum, 0)", f"share of order lines of the {what} bought most often", "share", "basket"),
    ]  # fmt: skip


BASKETS: list[Feature] = [
    Aggregate("lines_count_365d", "shelf_lines", "count", "happened_at", "order lines", "lines", "basket", lookback=365),
    Aggregate("quantity_sum_365d", "shelf_lines", "sum", "quantity", "pieces bought", "pieces", "basket", lookback=365),
    Aggregate("quantity_mean_365d", "shelf_lines", "mean", "quantity", "pieces per line", "pieces", "basket", lookback=365),
    Aggregate("unit_price_mean_365d", "shelf_lines", "mean", "unit_price", "mean price of a piece", "minor units", "basket", lookback=365),
    Aggregate("unit_price_max_365d", "shelf_lines", "max", "unit_price", "dearest piece", "minor units", "basket", lookback=365),
    Aggregate("orders_count_365d", "purchases", "count", "amount", "orders", "orders", "basket", lookback=365),
    Derived("lines_per_order_365d", "lines_count_365d / nullif(orders_count_365d, 0)", "lines per order", "lines", "basket"),
    Aggregate("price_index_mean_365d", "shelf_lines", "mean", "price_index", "price shelf: price over the category's mean price", "ratio", "basket", lookback=365),
    Aggregate("price_index_std_365d", "shelf_lines", "std", "price_index", "spread of the price shelf", "ratio", "basket", lookback=365),
    Aggregate("premium_share_mean_365d", "shelf_lines", "mean", "CASE WHEN price_index > 1.25e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END", "share of lines a quarter or more above the category's mean price", "share", "basket", lookback=365),
    Aggregate("budget_share_mean_365d", "shelf_lines", "mean", "CASE WHEN price_index < 0.75e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END", "share of lines a quarter or more below the category's mean price", "share", "basket", lookback=365),
    Aggregate("products_count", "products", "count", "product_id", "different products bought in two years", "products", "basket"),
    Aggregate("products_lines_sum", "products", "sum", "lines", "order lines in two years", "lines", "basket"),
    Derived("repeat_share", "1 - products_count / nullif(products_lines_sum, 0)", "share of lines of a product bought before", "share", "basket"),
    *_preferences("category", "cycles", "category"),
    *_preferences("brand", "brands", "brand"),
    *_preferences("color", "colors", "color"),
    *_preferences("size", "sizes", "size"),
    Aggregate("due_category", "cycles", "top", "category", "category most overdue by the customer's own cycle", "name", "basket", by="overdue_ratio", kind="text"),
    Aggregate("due_category_days", "cycles", "top", "due_days", "days until the most overdue category is due, below 0 overdue", "days", "basket", by="overdue_ratio"),
    Aggregate("due_days_min", "cycles", "min", "due_days", "days until the first category is due, below 0 overdue", "days", "basket"),
    Aggregate("due_ratio_max", "cycles", "max", "overdue_ratio", "days since the most overdue category over its cycle", "ratio", "basket"),
    Aggregate("due_count_14d", "cycles", "count", "category", "categories due within 14 days, or overdue by no more than twice their cycle", "categories", "basket", where="due_days <= 14 AND overdue_ratio <= 3"),
]  # fmt: skip

RETURNS: list[Feature] = [
    Aggregate("returns_count_365d", "returns", "count", "amount", "returns", "returns", "returns", lookback=365),
    Aggregate("returns_amount_sum_365d", "returns", "sum", "amount", "money returned", "minor units", "returns", lookback=365),
    Derived("returns_share_365d", "returns_amount_sum_365d / nullif(order_amount_sum_365d + returns_amount_sum_365d, 0)", "money returned over money spent and returned", "share", "returns"),
    Aggregate("days_since_return", "returns", "min", "cutoff_day - day", "days since the last return", "days", "returns"),
]  # fmt: skip
