"""Baskets: what was bought, at which price level, in which rhythm, and what came back."""

from features.language.feature import Aggregate, Derived, Feature


def _preferences(what: str, relation: str, column: str) -> list[Feature]:
    """Declare which value of a product attribute a customer prefers, and how much."""
    bought = "bought most often in two years"
    return [
        Aggregate(f"{what}_top", relation, "top", column, f"{what} {bought}; empty if no line names one", "name", "basket", by="lines", kind="text"),
        Aggregate(f"{what}_lines_max", relation, "max", "lines", f"order lines of that {what}", "lines", "basket"),
        Aggregate(f"{what}_lines_sum", relation, "sum", "lines", f"order lines of two years with a known {what}", "lines", "basket"),
        Derived(f"{what}_top_share", f"{what}_lines_max / nullif({what}_lines_sum, 0)", f"loyalty: share of those lines that is of the {what} bought most often, 1 for one {what} only", "share", "basket"),
    ]  # fmt: skip


def _variety(what: str, plural: str, relation: str, column: str) -> Feature:
    return Aggregate(f"{what}_count", relation, "count", column, f"different {plural} bought in two years", plural, "basket")  # fmt: skip


BASKETS: list[Feature] = [
    Aggregate("lines_count_365d", "shelf_lines", "count", "happened_at", "order lines of 365 days", "lines", "basket", lookback=365),
    Aggregate("quantity_sum_365d", "shelf_lines", "sum", "quantity", "pieces bought in 365 days", "pieces", "basket", lookback=365),
    Aggregate("quantity_mean_365d", "shelf_lines", "mean", "quantity", "mean pieces per order line of 365 days", "pieces", "basket", lookback=365),
    Aggregate("unit_price_mean_365d", "shelf_lines", "mean", "unit_price", "mean price paid for a piece, over the order lines of 365 days", "minor units", "basket", lookback=365),
    Aggregate("unit_price_max_365d", "shelf_lines", "max", "unit_price", "price of the dearest piece bought in 365 days", "minor units", "basket", lookback=365),
    Aggregate("orders_count_365d", "purchases", "count", "amount", "orders of 365 days", "orders", "basket", lookback=365),
    Derived("lines_per_order_365d", "lines_count_365d / nullif(orders_count_365d, 0)", "mean order lines per order of 365 days", "lines", "basket"),
    Aggregate("price_index_mean_365d", "shelf_lines", "mean", "price_index", "price level bought in 365 days: price paid over the category's mean among all customers, 1 is average", "ratio", "basket", lookback=365),
    Aggregate("price_index_std_365d", "shelf_lines", "std", "price_index", "standard deviation of that price level over the customer's order lines", "ratio", "basket", lookback=365),
    Aggregate("premium_share_mean_365d", "shelf_lines", "mean", "CASE WHEN price_index > 1.25e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END", "share of order lines more than a quarter above the category's mean price", "share", "basket", lookback=365),
    Aggregate("budget_share_mean_365d", "shelf_lines", "mean", "CASE WHEN price_index < 0.75e0 THEN 1 WHEN price_index IS NOT NULL THEN 0 END", "share of order lines more than a quarter below the category's mean price", "share", "basket", lookback=365),
    Aggregate("products_count", "products", "count", "product_id", "different products bought in two years", "products", "basket"),
    Aggregate("products_lines_sum", "products", "sum", "lines", "order lines in two years", "lines", "basket"),
    Derived("repeat_share", "1 - products_count / nullif(products_lines_sum, 0)", "share of order lines of a product that was already bought within two years", "share", "basket"),
    *_preferences("category", "cycles", "category"),
    _variety("category", "categories", "cycles", "category"),
    *_preferences("subcategory", "subcategories", "subcategory"),
    *_preferences("brand", "brands", "brand"),
    _variety("brand", "brands", "brands", "brand"),
    *_preferences("color", "colors", "color"),
    _variety("color", "colors", "colors", "color"),
    *_preferences("size", "sizes", "size"),
    _variety("size", "sizes", "sizes", "size"),
    Aggregate("due_category", "due", "top", "category", "category furthest past (or nearest to) its due date by the customer's own cycle; empty without a category that customers buy again and again", "name", "basket", by="overdue_ratio", kind="text"),
    Aggregate("due_category_days", "due", "max", "due_days", "days until that category is due: 0 is today, below 0 it is overdue", "days", "basket"),
    Aggregate("due_days_min", "cycles", "min", "due_days", "days until the category that is due first, below 0 overdue", "days", "basket"),
    Aggregate("due_ratio_max", "cycles", "max", "overdue_ratio", "days since the most overdue category was bought, over its cycle: 1 is due today, 2 a whole cycle late", "ratio", "basket"),
    Aggregate("due_count_14d", "cycles", "count", "category", "categories that are due within 14 days or overdue, up to three cycles after they were bought", "categories", "basket", where="due_days <= 14 AND overdue_ratio <= 3"),
]  # fmt: skip

RETURNS: list[Feature] = [
    Aggregate("returns_count_365d", "returns", "count", "amount", "returns in 365 days", "returns", "returns", lookback=365),
    Aggregate("returns_amount_sum_365d", "returns", "sum", "amount", "money refunded for the returns of 365 days", "minor units", "returns", lookback=365),
    Derived("returns_share_365d", "returns_amount_sum_365d / nullif(order_amount_sum_365d + returns_amount_sum_365d, 0)", "money refunded over money spent and refunded, in 365 days; empty without either", "share", "returns"),
    Aggregate("days_since_return", "returns", "min", "cutoff_day - day", "days since the last return; empty without one", "days", "returns"),
    Aggregate("returned_category_top", "returned_categories", "top", "category", "category returned most often in two years; empty if no return names a product", "name", "returns", by="returns", kind="text"),
    Aggregate("returned_category_count", "returned_categories", "count", "category", "different categories returned in two years: many speak of the shop, one of the product or its size", "categories", "returns"),
    Aggregate("returned_category_amount_max", "returned_categories", "max", "amount", "money refunded in two years for the category with the most of it", "minor units", "returns"),
]  # fmt: skip
