/*
title = "PrestaShop"
needs = "its MySQL database, or its tables ps_orders and others as CSV"
by_email = true
local_times = true

[sources.orders]
table = "orders"
columns = ["id_order", "reference", "id_shop", "id_customer", "conversion_rate", "total_discounts_tax_incl", "total_paid_tax_incl", "total_shipping_tax_incl", "valid", "date_add"]

[sources.people]
table = "customer"
columns = ["id_customer", "email", "newsletter", "newsletter_date_add", "is_guest", "deleted"]

[sources.slips]
table = "order_slip"
columns = ["id_order_slip", "id_order", "conversion_rate", "total_products_tax_incl", "date_add"]

[sources.lines]
table = "order_detail"
columns = ["id_order_detail", "id_order", "product_id", "product_quantity", "unit_price_tax_incl"]
without = "no basket: no feature of products, and nothing is said about what is due"

[sources.goods]
table = "product"
columns = ["id_product", "id_manufacturer", "id_category_default"]
without = "no categories and brands of products"

[sources.categories]
table = "category_lang"
columns = ["id_category", "id_lang", "name", "link_rewrite"]
without = "no categories and brands of products"

[sources.makers]
table = "manufacturer"
columns = ["id_manufacturer", "name", "active"]
without = "no categories and brands of products"

[missing]
messages = "PrestaShop does not keep what was sent, so that no channel is ever recommended: give the table messages, or add --from mautic"
*/

/*
table = "orders"
says = """
Amounts are in the default currency, without shipping. The e-mail address is the customer: each order
of a guest has a customer of its own. An order whose slips add up to its amount counts as cancelled
from the last of them on; other slips are in the table returns."""
formats.amount = {round = true}
formats.discount = {round = true}

[leave_out]
"no customer" = "customer_id IS NULL"
"not valid" = "valid = '0'"
*/
SELECT
  o.id_order AS order_id,
  NULLIF(LOWER(TRIM(c.email)), '') AS customer_id,
  o.date_add AS ordered_at,
  (CAST(o.total_paid_tax_incl AS DECIMAL(20, 6)) - CAST(o.total_shipping_tax_incl AS DECIMAL(20, 6)))
    / CAST(o.conversion_rate AS DECIMAL(13, 6)) AS amount,
  o.id_shop AS store,
  CAST(o.total_discounts_tax_incl AS DECIMAL(20, 6)) / CAST(o.conversion_rate AS DECIMAL(13, 6)) AS discount,
  CASE WHEN s.refunded + 0.005 >= (CAST(o.total_paid_tax_incl AS DECIMAL(20, 6)) - CAST(o.total_shipping_tax_incl AS DECIMAL(20, 6)))
    / CAST(o.conversion_rate AS DECIMAL(13, 6)) AND s.refunded > 0 THEN s.refunded_at END AS cancelled_at,
  o.valid AS valid
FROM {orders} o
LEFT JOIN {people} c ON c.id_customer = o.id_customer
LEFT JOIN (
  SELECT id_order, MAX(date_add) AS refunded_at,
    SUM(CAST(total_products_tax_incl AS DECIMAL(20, 6)) / CAST(conversion_rate AS DECIMAL(13, 6))) AS refunded
  FROM {slips} GROUP BY id_order
) s ON s.id_order = o.id_order

/*
table = "order_lines"
*/
SELECT
  l.id_order AS order_id,
  l.product_id AS product_id,
  l.product_quantity AS quantity,
  CAST(l.unit_price_tax_incl AS DECIMAL(20, 6)) / CAST(o.conversion_rate AS DECIMAL(13, 6)) AS unit_price
FROM {lines} l
JOIN {orders} o ON o.id_order = l.id_order

/*
table = "returns"
formats.amount = {round = true}
*/
SELECT
  s.id_order_slip AS return_id,
  LOWER(TRIM(c.email)) AS customer_id,
  s.date_add AS returned_at,
  CAST(s.total_products_tax_incl AS DECIMAL(20, 6)) / CAST(s.conversion_rate AS DECIMAL(13, 6)) AS amount,
  s.id_order AS order_id
FROM {slips} s
JOIN {orders} o ON o.id_order = s.id_order
JOIN {people} c ON c.id_customer = o.id_customer
JOIN (
  SELECT id_order, SUM(CAST(total_products_tax_incl AS DECIMAL(20, 6)) / CAST(conversion_rate AS DECIMAL(13, 6))) AS refunded
  FROM {slips} GROUP BY id_order
) a ON a.id_order = s.id_order
WHERE TRIM(c.email) <> ''
  AND a.refunded + 0.005 < (CAST(o.total_paid_tax_incl AS DECIMAL(20, 6)) - CAST(o.total_shipping_tax_incl AS DECIMAL(20, 6)))
    / CAST(o.conversion_rate AS DECIMAL(13, 6))

/*
table = "products"
*/
SELECT
  p.id_product AS product_id,
  (SELECT MIN(c.name) FROM {categories} c WHERE c.id_category = p.id_category_default) AS category,
  (SELECT MIN(m.name) FROM {makers} m WHERE m.id_manufacturer = p.id_manufacturer) AS brand
FROM {goods} p

/*
table = "consents"
says = "Who takes the newsletter, since the day on which it was asked for."
*/
SELECT
  LOWER(TRIM(email)) AS customer_id,
  'email' AS scope,
  'true' AS granted,
  MIN(newsletter_date_add) AS changed_at
FROM {people}
WHERE newsletter = '1' AND deleted = '0' AND newsletter_date_add > '1970-01-02' AND TRIM(email) <> ''
GROUP BY LOWER(TRIM(email))
