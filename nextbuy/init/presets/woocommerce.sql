/*
title = "WooCommerce"
needs = "its MySQL database with HPOS tables (wp_wc_orders and others), or those tables as CSV"
by_email = true

[sources.orders]
table = "wc_orders"
columns = ["id", "status", "currency", "type", "total_amount", "billing_email", "date_created_gmt", "parent_order_id"]

[sources.details]
table = "wc_order_operational_data"
columns = ["order_id", "created_via", "shipping_total_amount", "shipping_tax_amount", "discount_total_amount", "discount_tax_amount"]

[sources.lines]
table = "wc_order_product_lookup"
columns = ["order_item_id", "order_id", "product_id", "product_qty", "product_net_revenue", "tax_amount"]
without = "no basket: no feature of products, and nothing is said about what is due"

[sources.terms]
table = "terms"
columns = ["term_id", "name", "slug"]
without = "no categories of products"

[sources.taxonomy]
table = "term_taxonomy"
columns = ["term_taxonomy_id", "term_id", "taxonomy"]
without = "no categories of products"

[sources.relationships]
table = "term_relationships"
columns = ["object_id", "term_taxonomy_id"]
without = "no categories of products"

[missing]
consents = "WooCommerce does not keep consents, so that no channel is ever recommended: give the table consents, or add --from mautic"
*/

/*
table = "orders"
says = """
The amount is without shipping. An order whose refunds add up to its total counts as cancelled from
the last of them on; other refunds are in the table returns."""
format = {timezone = "UTC"}
formats.amount = {round = true}
formats.discount = {round = true}

[leave_out]
"no customer" = "customer_id IS NULL"
"drafts" = "status IN ('auto-draft', 'draft', 'checkout-draft', 'wc-checkout-draft', 'trash')"
"unpaid" = "status IN ('wc-pending', 'wc-on-hold')"
"failed" = "status = 'wc-failed'"
"cancelled" = "status = 'wc-cancelled'"
"refunded" = "status = 'wc-refunded' AND cancelled_at IS NULL"
*/
SELECT
  o.id AS order_id,
  NULLIF(LOWER(TRIM(o.billing_email)), '') AS customer_id,
  o.date_created_gmt AS ordered_at,
  CAST(o.total_amount AS DECIMAL(20, 4))
    - COALESCE(CAST(d.shipping_total_amount AS DECIMAL(20, 4)), 0)
    - COALESCE(CAST(d.shipping_tax_amount AS DECIMAL(20, 4)), 0) AS amount,
  o.currency AS currency,
  COALESCE(CAST(d.discount_total_amount AS DECIMAL(20, 4)), 0)
    + COALESCE(CAST(d.discount_tax_amount AS DECIMAL(20, 4)), 0) AS discount,
  CASE WHEN r.refunded >= CAST(o.total_amount AS DECIMAL(20, 4)) AND r.refunded > 0
    THEN r.refunded_at END AS cancelled_at,
  CASE WHEN d.created_via IN ('checkout', 'store-api') THEN 'web' ELSE d.created_via END AS sales_channel,
  o.status AS status
FROM {orders} o
LEFT JOIN {details} d ON d.order_id = o.id
LEFT JOIN (
  SELECT parent_order_id, -SUM(CAST(total_amount AS DECIMAL(20, 4))) AS refunded,
    MAX(date_created_gmt) AS refunded_at
  FROM {orders} WHERE type = 'shop_order_refund' GROUP BY parent_order_id
) r ON r.parent_order_id = o.id
WHERE o.type = 'shop_order'

/*
table = "order_lines"
*/
SELECT
  l.order_id AS order_id,
  l.product_id AS product_id,
  l.product_qty AS quantity,
  (CAST(l.product_net_revenue AS DECIMAL(20, 4)) + CAST(l.tax_amount AS DECIMAL(20, 4)))
    / CAST(l.product_qty AS DECIMAL(12, 4)) AS unit_price
FROM {lines} l
WHERE CAST(l.product_qty AS DECIMAL(12, 4)) > 0

/*
table = "returns"
format = {timezone = "UTC"}
formats.amount = {round = true}
*/
SELECT
  r.id AS return_id,
  LOWER(TRIM(o.billing_email)) AS customer_id,
  r.date_created_gmt AS returned_at,
  -CAST(r.total_amount AS DECIMAL(20, 4)) AS amount,
  r.parent_order_id AS order_id
FROM {orders} r
JOIN {orders} o ON o.id = r.parent_order_id
JOIN (
  SELECT parent_order_id, -SUM(CAST(total_amount AS DECIMAL(20, 4))) AS refunded
  FROM {orders} WHERE type = 'shop_order_refund' GROUP BY parent_order_id
) s ON s.parent_order_id = o.id
WHERE r.type = 'shop_order_refund' AND CAST(r.total_amount AS DECIMAL(20, 4)) < 0
  AND TRIM(o.billing_email) <> '' AND s.refunded < CAST(o.total_amount AS DECIMAL(20, 4))

/*
table = "products"
*/
SELECT r.object_id AS product_id, MIN(t.name) AS category
FROM {relationships} r
JOIN {taxonomy} x ON x.term_taxonomy_id = r.term_taxonomy_id
JOIN {terms} t ON t.term_id = x.term_id
WHERE x.taxonomy = 'product_cat'
GROUP BY r.object_id
