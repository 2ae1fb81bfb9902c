/*
title = "Magento 2 and Adobe Commerce"
needs = "its MySQL database, or its tables sales_order and others as CSV"
by_email = true

[sources.orders]
table = "sales_order"
columns = ["entity_id", "state", "store_id", "base_grand_total", "base_shipping_amount", "base_discount_amount", "customer_email", "created_at", "base_currency_code"]
[sources.orders.optional]
"base_shipping_tax_amount" = "the tax on shipping stays in the amount"

[sources.items]
table = "sales_order_item"
columns = ["order_id", "parent_item_id", "product_type", "sku", "qty_ordered", "base_row_total_incl_tax", "base_discount_amount"]
without = "no basket: no feature of products, and nothing is said about what is due"

[sources.memos]
table = "sales_creditmemo"
columns = ["entity_id", "order_id", "created_at", "base_grand_total"]

[sources.subscribers]
table = "newsletter_subscriber"
columns = ["subscriber_id", "subscriber_email", "subscriber_status", "change_status_at"]
without = "nobody's consent is known, so that no channel is ever recommended"

[sources.sent]
table = "newsletter_queue_link"
columns = ["queue_link_id", "queue_id", "subscriber_id", "letter_sent_at"]
without = "no messages, so that no channel is ever recommended"

[missing]
products = "categories and brands are attributes that each shop names otherwise: without the table products nothing is said about what is due"
*/

/*
table = "orders"
says = """
Amounts are in the base currency, without shipping. An order whose credit memos add up to its total
counts as cancelled from the last of them on; other credit memos are in the table returns."""
format = {timezone = "UTC"}
formats.amount = {round = true}
formats.discount = {round = true}

[leave_out]
"no customer" = "customer_id IS NULL"
"cancelled" = "state = 'canceled'"
"unpaid" = "state = 'pending_payment'"
"under review" = "state = 'payment_review'"
"refunded" = "state = 'closed' AND cancelled_at IS NULL"
"gift cards" = "only_gift_cards = 1"
*/
SELECT
  o.entity_id AS order_id,
  NULLIF(LOWER(TRIM(o.customer_email)), '') AS customer_id,
  o.created_at AS ordered_at,
  CAST(o.base_grand_total AS DECIMAL(20, 4)) - COALESCE(CAST(o.base_shipping_amount AS DECIMAL(20, 4)), 0)
    - COALESCE(CAST({o.base_shipping_tax_amount} AS DECIMAL(20, 4)), 0) AS amount,
  o.store_id AS store,
  o.base_currency_code AS currency,
  ABS(CAST(o.base_discount_amount AS DECIMAL(20, 4))) AS discount,
  CASE WHEN m.refunded >= CAST(o.base_grand_total AS DECIMAL(20, 4)) AND m.refunded > 0
    THEN m.refunded_at END AS cancelled_at,
  o.state AS state,
  i.only_gift_cards AS only_gift_cards
FROM {orders} o
LEFT JOIN (
  SELECT order_id, SUM(CAST(base_grand_total AS DECIMAL(20, 4))) AS refunded, MAX(created_at) AS refunded_at
  FROM {memos} GROUP BY order_id
) m ON m.order_id = o.entity_id
LEFT JOIN (
  SELECT order_id, MIN(CASE WHEN product_type = 'giftcard' THEN 1 ELSE 0 END) AS only_gift_cards
  FROM {items} GROUP BY order_id
) i ON i.order_id = o.entity_id

/*
table = "order_lines"
*/
SELECT
  i.order_id AS order_id,
  i.sku AS product_id,
  i.qty_ordered AS quantity,
  (CAST(i.base_row_total_incl_tax AS DECIMAL(20, 4)) - COALESCE(CAST(i.base_discount_amount AS DECIMAL(20, 4)), 0))
    / CAST(i.qty_ordered AS DECIMAL(12, 4)) AS unit_price
FROM {items} i
WHERE i.parent_item_id IS NULL AND CAST(i.qty_ordered AS DECIMAL(12, 4)) > 0

/*
table = "returns"
format = {timezone = "UTC"}
formats.amount = {round = true}
*/
SELECT
  m.entity_id AS return_id,
  LOWER(TRIM(o.customer_email)) AS customer_id,
  m.created_at AS returned_at,
  m.base_grand_total AS amount,
  m.order_id AS order_id
FROM {memos} m
JOIN {orders} o ON o.entity_id = m.order_id
JOIN (
  SELECT order_id, SUM(CAST(base_grand_total AS DECIMAL(20, 4))) AS refunded FROM {memos} GROUP BY order_id
) s ON s.order_id = m.order_id
WHERE TRIM(o.customer_email) <> '' AND s.refunded < CAST(o.base_grand_total AS DECIMAL(20, 4))

/*
table = "consents"
format = {timezone = "UTC"}
*/
SELECT
  LOWER(TRIM(subscriber_email)) AS customer_id,
  'email' AS scope,
  CASE WHEN subscriber_status = '1' THEN 'true' ELSE 'false' END AS granted,
  change_status_at AS changed_at
FROM {subscribers}
WHERE change_status_at IS NOT NULL AND TRIM(subscriber_email) <> ''

/*
table = "messages"
format = {timezone = "UTC"}
*/
SELECT
  q.queue_link_id AS message_id,
  LOWER(TRIM(s.subscriber_email)) AS customer_id,
  q.letter_sent_at AS sent_at,
  'email' AS channel,
  q.queue_id AS campaign_id
FROM {sent} q
JOIN {subscribers} s ON s.subscriber_id = q.subscriber_id
WHERE q.letter_sent_at IS NOT NULL AND TRIM(s.subscriber_email) <> ''
