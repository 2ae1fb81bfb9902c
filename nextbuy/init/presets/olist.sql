/*
title = "Olist"
needs = "the CSV files olist_orders_dataset, olist_order_items_dataset and olist_customers_dataset"
files_only = true
timezone = "America/Sao_Paulo"
currency = "BRL"

[sources.orders]
columns = ["order_id", "customer_id", "order_status", "order_purchase_timestamp"]

[sources.items]
columns = ["order_id", "order_item_id", "product_id", "price", "freight_value"]

[sources.people]
columns = ["customer_id", "customer_unique_id"]

[sources.goods]
columns = ["product_id", "product_category_name"]
without = "no categories: nothing is said about what is due"

[missing]
messages = "the export has no messages and no consents, so that no channel is ever recommended"
*/

/*
table = "orders"
says = """
customer_id is another one for each order; the person is customer_unique_id. The amount is that of
the items, without freight."""

[leave_out]
"no customer" = "customer_id IS NULL"
"cancelled" = "order_status = 'canceled'"
"unavailable" = "order_status = 'unavailable'"
"without items" = "amount IS NULL"
*/
SELECT
  o.order_id AS order_id,
  p.customer_unique_id AS customer_id,
  o.order_purchase_timestamp AS ordered_at,
  i.amount AS amount,
  o.order_status AS order_status
FROM {orders} o
LEFT JOIN {people} p ON p.customer_id = o.customer_id
LEFT JOIN (
  SELECT order_id, sum(price::DECIMAL(18, 2)) AS amount FROM {items} GROUP BY order_id
) i ON i.order_id = o.order_id

/*
table = "order_lines"
*/
SELECT order_id, product_id, count(*) AS quantity, price AS unit_price
FROM {items}
GROUP BY ALL

/*
table = "products"
*/
SELECT product_id, product_category_name AS category FROM {goods}
