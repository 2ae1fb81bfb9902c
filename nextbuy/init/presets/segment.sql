/*
title = "Segment and RudderStack"
needs = "the warehouse tables order_completed, order_refunded and so on, as CSV or Parquet files of these names"
files_only = true

[sources.completed]
table = "order_completed"
columns = ["id", "user_id", "anonymous_id", "received_at", "timestamp", "order_id"]
[sources.completed.optional]
"total" = "the amount is revenue and tax"
"revenue" = "orders without a total have no amount"
"shipping" = "the amount is with shipping"
"tax" = "the amount is without tax where there is no total"
"discount" = "no feature of discounts"
"currency" = "a second currency would not be noticed"
"products" = "no basket: no feature of products"

[sources.refunded]
table = "order_refunded"
columns = ["id", "received_at", "timestamp", "order_id", "total"]
without = "refunds are not known"

[sources.cancelled]
table = "order_cancelled"
columns = ["id", "received_at", "timestamp", "order_id"]
without = "cancelled orders count as purchases"

[sources.viewed]
table = "product_viewed"
columns = ["user_id", "anonymous_id", "received_at", "timestamp", "product_id"]
without = "no views of products"

[sources.added]
table = "product_added"
columns = ["user_id", "anonymous_id", "received_at", "timestamp", "product_id"]
without = "no carts"

[sources.started]
table = "checkout_started"
columns = ["user_id", "anonymous_id", "received_at", "timestamp"]
without = "no checkouts"

[sources.searched]
table = "products_searched"
columns = ["user_id", "anonymous_id", "received_at", "timestamp"]
without = "no searches"

[sources.identifies]
table = "identifies"
columns = ["user_id", "anonymous_id", "received_at"]
without = "who logs in later is two customers"

[missing]
messages = "the tables have no messages and no consents, so that no channel is ever recommended"
*/

/*
table = "orders"
says = """
One row for each order_id, by its first event, known when it was received. A customer is a user_id,
else an anonymous_id; who logs in is one customer from then on (identities). An order whose refunds
add up to its amount counts as cancelled from the last of them on."""
formats.amount = {round = true}
formats.discount = {round = true}

[leave_out]
"no order id" = "order_id IS NULL"
*/
SELECT
  nullif(trim(order_id), '') AS order_id,
  coalesce(nullif(user_id, ''), anonymous_id) AS customer_id,
  "timestamp" AS ordered_at,
  coalesce({total}::DECIMAL(18, 4) - coalesce({shipping}::DECIMAL(18, 4), 0),
    {revenue}::DECIMAL(18, 4) + coalesce({tax}::DECIMAL(18, 4), 0)) AS amount,
  {currency} AS currency,
  {discount} AS discount,
  received_at AS known_at,
  coalesce(
    (SELECT min(c."timestamp") FROM {cancelled} c WHERE c.order_id = o.order_id),
    (SELECT if(sum(r.total::DECIMAL(18, 4)) >= amount, max(r."timestamp"), NULL)
      FROM {refunded} r WHERE r.order_id = o.order_id)
  ) AS cancelled_at
FROM (
  SELECT * FROM {completed}
  QUALIFY nullif(trim(order_id), '') IS NULL
    OR row_number() OVER (PARTITION BY order_id ORDER BY "timestamp", id) = 1
) o

/*
table = "order_lines"
uses = ["products"]
*/
SELECT
  order_id,
  coalesce(line.product_id, line.sku) AS product_id,
  line.quantity AS quantity,
  line.price AS unit_price
FROM (
  SELECT order_id, unnest(from_json({products},
    '[{"product_id": "VARCHAR", "sku": "VARCHAR", "quantity": "VARCHAR", "price": "VARCHAR"}]')) AS line
  FROM {completed}
  WHERE nullif(trim(order_id), '') IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY "timestamp", id) = 1
)

/*
table = "returns"
formats.amount = {round = true}
*/
WITH firsts AS (
  SELECT order_id, coalesce(nullif(user_id, ''), anonymous_id) AS customer_id,
    coalesce({total}::DECIMAL(18, 4) - coalesce({shipping}::DECIMAL(18, 4), 0),
      {revenue}::DECIMAL(18, 4) + coalesce({tax}::DECIMAL(18, 4), 0)) AS amount
  FROM {completed}
  WHERE order_id NOT IN (SELECT order_id FROM {cancelled} WHERE order_id IS NOT NULL)
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY "timestamp", id) = 1
)
SELECT
  r.id AS return_id,
  firsts.customer_id AS customer_id,
  r."timestamp" AS returned_at,
  r.received_at AS known_at,
  r.total AS amount,
  r.order_id AS order_id
FROM {refunded} r JOIN firsts ON firsts.order_id = r.order_id
QUALIFY sum(r.total::DECIMAL(18, 4)) OVER (PARTITION BY r.order_id) < firsts.amount

/*
table = "events"
*/
SELECT coalesce(nullif(user_id, ''), anonymous_id) AS customer_id, "timestamp" AS occurred_at,
  'view' AS event_type, product_id, received_at AS known_at FROM {viewed}
UNION ALL
SELECT coalesce(nullif(user_id, ''), anonymous_id), "timestamp", 'cart', product_id, received_at FROM {added}
UNION ALL
SELECT coalesce(nullif(user_id, ''), anonymous_id), "timestamp", 'checkout', NULL, received_at FROM {started}
UNION ALL
SELECT coalesce(nullif(user_id, ''), anonymous_id), "timestamp", 'search', NULL, received_at FROM {searched}

/*
table = "identities"
*/
SELECT 'segment' AS source, anonymous_id AS source_id, user_id AS customer_id, min(received_at) AS known_at
FROM {identifies}
WHERE nullif(user_id, '') IS NOT NULL AND nullif(anonymous_id, '') IS NOT NULL
GROUP BY ALL
