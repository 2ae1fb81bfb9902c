/*
title = "Snowplow"
needs = "the table atomic.events as CSV or Parquet, with the e-commerce contexts as JSON texts"
files_only = true


[sources.events]
columns = ["event_id", "event_name", "user_id", "domain_userid", "collector_tstamp", "derived_tstamp", "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1", "contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1"]
[sources.events.optional]
"load_tstamp" = "an event counts as known when it was collected"
"dvce_type" = "no devices"
"contexts_com_snowplowanalytics_snowplow_ecommerce_product_1" = "no basket: no feature of products"
"contexts_com_snowplowanalytics_snowplow_ecommerce_refund_1" = "refunds are not known"

[missing]
messages = "the events have no messages and no consents, so that no channel is ever recommended"
*/

/*
table = "orders"
says = """
One row for each transaction_id, by its first event, known when it was loaded. A customer is a
user_id, else a domain_userid; who logs in is one customer from then on (identities). The amount is
the revenue without shipping. An order whose refunds add up to it counts as cancelled from the last
of them on."""
format = {timezone = "UTC"}
formats.amount = {round = true}
formats.discount = {round = true}

[leave_out]
"no order id" = "order_id IS NULL"
*/
WITH acts AS (
  SELECT *,
    json_extract_string(unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1, '$.type') AS act,
    json_extract(contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1, '$[0]') AS bought,
    json_extract({contexts_com_snowplowanalytics_snowplow_ecommerce_refund_1}, '$[0]') AS refund
  FROM {events}
), refunds AS (
  SELECT json_extract_string(refund, '$.transaction_id') AS order_id,
    sum(json_extract_string(refund, '$.refund_amount')::DECIMAL(18, 4)) AS refunded,
    max(derived_tstamp) AS refunded_at
  FROM acts WHERE act = 'refund' GROUP BY ALL
), transactions AS (
  SELECT *, nullif(trim(json_extract_string(bought, '$.transaction_id')), '') AS order_id,
    json_extract_string(bought, '$.revenue')::DECIMAL(18, 4)
      - coalesce(json_extract_string(bought, '$.shipping')::DECIMAL(18, 4), 0) AS amount
  FROM acts WHERE act = 'transaction'
  QUALIFY order_id IS NULL OR row_number() OVER (PARTITION BY order_id ORDER BY derived_tstamp, event_id) = 1
)
SELECT
  order_id,
  coalesce(nullif(user_id, ''), domain_userid) AS customer_id,
  derived_tstamp AS ordered_at,
  amount,
  json_extract_string(bought, '$.currency') AS currency,
  json_extract_string(bought, '$.discount_amount') AS discount,
  coalesce({load_tstamp}, collector_tstamp) AS known_at,
  if(refunded > 0 AND refunded >= amount, refunded_at, NULL) AS cancelled_at
FROM transactions LEFT JOIN refunds USING (order_id)

/*
table = "order_lines"
uses = ["contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"]
*/
SELECT order_id, line.id AS product_id, coalesce(line.quantity, '1') AS quantity, line.price AS unit_price
FROM (
  SELECT order_id, unnest(from_json({contexts_com_snowplowanalytics_snowplow_ecommerce_product_1},
    '[{"id": "VARCHAR", "quantity": "VARCHAR", "price": "VARCHAR"}]')) AS line
  FROM (
    SELECT *, json_extract_string(contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1, '$[0].transaction_id') AS order_id
    FROM {events}
    WHERE json_extract_string(unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1, '$.type') = 'transaction'
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY derived_tstamp, event_id) = 1
  )
  WHERE trim(order_id) <> ''
)

/*
table = "returns"
uses = ["contexts_com_snowplowanalytics_snowplow_ecommerce_refund_1"]
format = {timezone = "UTC"}
formats.amount = {round = true}
*/
WITH acts AS (
  SELECT *,
    json_extract_string(unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1, '$.type') AS act,
    json_extract(contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1, '$[0]') AS bought,
    json_extract({contexts_com_snowplowanalytics_snowplow_ecommerce_refund_1}, '$[0]') AS refund
  FROM {events}
), transactions AS (
  SELECT json_extract_string(bought, '$.transaction_id') AS order_id,
    coalesce(nullif(user_id, ''), domain_userid) AS customer_id,
    json_extract_string(bought, '$.revenue')::DECIMAL(18, 4)
      - coalesce(json_extract_string(bought, '$.shipping')::DECIMAL(18, 4), 0) AS revenue
  FROM acts WHERE act = 'transaction'
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY derived_tstamp, event_id) = 1
)
SELECT
  event_id AS return_id,
  transactions.customer_id AS customer_id,
  derived_tstamp AS returned_at,
  coalesce({load_tstamp}, collector_tstamp) AS known_at,
  json_extract_string(refund, '$.refund_amount') AS amount,
  order_id
FROM acts JOIN transactions ON order_id = json_extract_string(refund, '$.transaction_id')
WHERE act = 'refund'
QUALIFY sum(json_extract_string(refund, '$.refund_amount')::DECIMAL(18, 4)) OVER (PARTITION BY order_id) < revenue

/*
table = "products"
uses = ["contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"]
*/
SELECT line.id AS product_id, arg_max(line.category, derived_tstamp) AS category,
  arg_max(line.brand, derived_tstamp) AS brand
FROM (
  SELECT derived_tstamp, unnest(from_json({contexts_com_snowplowanalytics_snowplow_ecommerce_product_1},
    '[{"id": "VARCHAR", "category": "VARCHAR", "brand": "VARCHAR"}]')) AS line
  FROM {events}
)
WHERE line.id IS NOT NULL
GROUP BY ALL

/*
table = "events"
format = {timezone = "UTC"}
*/
SELECT
  event_id,
  coalesce(nullif(user_id, ''), domain_userid) AS customer_id,
  derived_tstamp AS occurred_at,
  CASE
    WHEN act = 'product_view' THEN 'view' WHEN act = 'add_to_cart' THEN 'cart'
    WHEN act = 'checkout_step' THEN 'checkout' WHEN event_name = 'page_view' THEN 'visit' END AS event_type,
  json_extract_string({contexts_com_snowplowanalytics_snowplow_ecommerce_product_1}, '$[0].id') AS product_id,
  {dvce_type} AS device,
  coalesce({load_tstamp}, collector_tstamp) AS known_at
FROM (
  SELECT *, json_extract_string(unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1, '$.type') AS act
  FROM {events}
)
WHERE event_type IS NOT NULL AND coalesce(nullif(user_id, ''), nullif(domain_userid, '')) IS NOT NULL

/*
table = "identities"
format = {timezone = "UTC"}
*/
SELECT 'snowplow' AS source, domain_userid AS source_id, user_id AS customer_id, min(collector_tstamp) AS known_at
FROM {events}
WHERE nullif(user_id, '') IS NOT NULL AND nullif(domain_userid, '') IS NOT NULL
GROUP BY ALL
