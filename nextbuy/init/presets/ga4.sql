/*
title = "Google Analytics 4"
needs = "the tables events_YYYYMMDD of the BigQuery export, as Parquet"
files_only = true

[sources.events]
columns = ["event_timestamp", "event_name", "event_params", "user_id", "user_pseudo_id", "device", "ecommerce", "items"]

[missing]
messages = "the export has no messages and no consents, so that no channel is ever recommended"
*/

/*
table = "orders"
says = """
One row for each transaction_id, by its first event. A customer is a user_id, else a browser or app;
who logs in is one customer from then on (identities). The value of Analytics is without tax and
shipping. An order whose refunds add up to it counts as cancelled from the last of them on."""
formats.ordered_at = {instant = "epoch_us"}
formats.cancelled_at = {instant = "epoch_us"}
formats.amount = {round = true}

[leave_out]
"without transaction id" = "order_id IS NULL"
"test" = "is_test"
*/
WITH purchases AS (
  SELECT *, nullif(nullif(trim(ecommerce.transaction_id), ''), '(not set)') AS transaction_id
  FROM {events} WHERE event_name = 'purchase'
  QUALIFY transaction_id IS NULL
    OR row_number() OVER (PARTITION BY transaction_id ORDER BY event_timestamp) = 1
), refunds AS (
  SELECT ecommerce.transaction_id AS transaction_id, sum(ecommerce.refund_value) AS refunded,
    max(event_timestamp) AS refunded_at
  FROM {events} WHERE event_name = 'refund' GROUP BY ALL
)
SELECT
  transaction_id AS order_id,
  coalesce(user_id, user_pseudo_id) AS customer_id,
  event_timestamp AS ordered_at,
  ecommerce.purchase_revenue AS amount,
  list_filter(event_params, lambda p: p.key = 'currency')[1].value.string_value AS currency,
  if(refunded > 0 AND refunded >= ecommerce.purchase_revenue - 0.005, refunded_at, NULL) AS cancelled_at,
  len(list_filter(event_params, lambda p: (p.key = 'debug_mode' AND p.value.int_value = 1)
    OR (p.key = 'traffic_type' AND p.value.string_value = 'internal'))) > 0 AS is_test
FROM purchases LEFT JOIN refunds USING (transaction_id)

/*
table = "order_lines"
*/
SELECT
  ecommerce.transaction_id AS order_id,
  item.item_id AS product_id,
  item.quantity AS quantity,
  item.price AS unit_price
FROM (
  SELECT ecommerce, unnest(items) AS item FROM {events}
  WHERE event_name = 'purchase' AND trim(ecommerce.transaction_id) NOT IN ('', '(not set)')
  QUALIFY row_number() OVER (PARTITION BY ecommerce.transaction_id ORDER BY event_timestamp) = 1
)

/*
table = "returns"
formats.returned_at = {instant = "epoch_us"}
formats.amount = {round = true}
*/
WITH purchases AS (
  SELECT ecommerce.transaction_id AS order_id, coalesce(user_id, user_pseudo_id) AS customer_id,
    ecommerce.purchase_revenue AS revenue
  FROM {events} WHERE event_name = 'purchase'
  QUALIFY row_number() OVER (PARTITION BY ecommerce.transaction_id ORDER BY event_timestamp) = 1
)
SELECT
  concat(order_id, '-', event_timestamp) AS return_id,
  purchases.customer_id AS customer_id,
  event_timestamp AS returned_at,
  ecommerce.refund_value AS amount,
  order_id
FROM {events} JOIN purchases ON order_id = ecommerce.transaction_id
WHERE event_name = 'refund'
QUALIFY sum(ecommerce.refund_value) OVER (PARTITION BY order_id) < revenue - 0.005

/*
table = "products"
*/
SELECT
  item.item_id AS product_id,
  arg_max(nullif(item.item_category, '(not set)'), event_timestamp) AS category,
  arg_max(nullif(item.item_brand, '(not set)'), event_timestamp) AS brand
FROM (SELECT event_timestamp, unnest(items) AS item FROM {events})
WHERE item.item_id <> '(not set)'
GROUP BY ALL

/*
table = "events"
formats.occurred_at = {instant = "epoch_us"}
*/
SELECT
  coalesce(user_id, user_pseudo_id) AS customer_id,
  event_timestamp AS occurred_at,
  CASE event_name
    WHEN 'view_item' THEN 'view' WHEN 'add_to_cart' THEN 'cart' WHEN 'begin_checkout' THEN 'checkout'
    WHEN 'view_search_results' THEN 'search' WHEN 'add_to_wishlist' THEN 'wishlist'
    WHEN 'session_start' THEN 'visit' END AS event_type,
  items[1].item_id AS product_id,
  device.category AS device
FROM {events}
WHERE event_type IS NOT NULL AND coalesce(user_id, user_pseudo_id) IS NOT NULL

/*
table = "identities"
formats.known_at = {instant = "epoch_us"}
*/
SELECT
  'ga4' AS source,
  user_pseudo_id AS source_id,
  user_id AS customer_id,
  min(event_timestamp) AS known_at
FROM {events}
WHERE user_id IS NOT NULL AND user_pseudo_id IS NOT NULL
GROUP BY ALL
