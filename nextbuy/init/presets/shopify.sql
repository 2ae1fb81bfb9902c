/*
title = "Shopify"
needs = "the CSV exports of Orders and of Customers, from the admin"
by_email = true
files_only = true

[sources.orders]
columns = ["Name", "Email", "Financial Status", "Currency", "Shipping", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"]
[sources.orders.optional]
"Phone" = "orders without an e-mail address have no customer"
"Discount Amount" = "no feature of discounts"
"Cancelled at" = "cancelled orders count as purchases"
"Refunded Amount" = "partial refunds are not taken off"
"Source" = "no sales channel: orders of a shop are not told from those of the web"
"Payment Method" = "test orders are not found"
"Lineitem sku" = "products are told apart by their names"
"Lineitem discount" = "prices of lines are before their discounts"
"Vendor" = "no feature of brands"

[sources.customers]
columns = ["Email", "Accepts Email Marketing"]
without = "nobody's consent is known, so that no channel is ever recommended"
[sources.customers.optional]
"Accepts SMS Marketing" = "no consent to SMS"
"Phone" = "who has a phone is not known"
"Default Address Country Code" = "no country of customers"
"Default Address City" = "no city of customers"
*/

/*
table = "orders"
says = """
One row for each order. The amount is without shipping and without what was refunded: the export does
not say when, so that an order refunded in full is left out. A cancelled order counts as a purchase
until its cancellation."""

[leave_out]
"no customer" = "customer_id IS NULL"
"test" = "payment_method ILIKE '%bogus%'"
"voided" = "cancelled_at IS NULL AND financial_status IN ('voided', 'expired')"
"refunded" = "cancelled_at IS NULL AND financial_status = 'refunded'"
"gift cards" = "cancelled_at IS NULL AND only_gift_cards"
*/
SELECT
  "Name" AS order_id,
  lower(trim(coalesce(max(nullif(trim("Email"), '')), max(nullif(trim({"Phone"}), ''))))) AS customer_id,
  max("Created at") AS ordered_at,
  greatest(0, max("Total"::DECIMAL(18, 2)) - coalesce(max("Shipping"::DECIMAL(18, 2)), 0)
    - if(max({"Cancelled at"}) IS NULL, coalesce(max({"Refunded Amount"}::DECIMAL(18, 2)), 0), 0)
  ) AS amount,
  max("Currency") AS currency,
  max({"Discount Amount"}) AS discount,
  max({"Cancelled at"}) AS cancelled_at,
  lower(max({"Source"})) AS sales_channel,
  max("Financial Status") AS financial_status,
  max({"Payment Method"}) AS payment_method,
  bool_and("Lineitem name" ILIKE '%gift card%') AS only_gift_cards
FROM {orders}
GROUP BY "Name"

/*
table = "order_lines"
*/
SELECT
  "Name" AS order_id,
  coalesce(nullif(trim({"Lineitem sku"}), ''), "Lineitem name") AS product_id,
  "Lineitem quantity" AS quantity,
  "Lineitem price"::DECIMAL(18, 4) - coalesce({"Lineitem discount"}::DECIMAL(18, 4), 0)
    / nullif("Lineitem quantity"::DECIMAL(18, 4), 0) AS unit_price
FROM {orders}
WHERE "Lineitem name" IS NOT NULL

/*
table = "products"
uses = ["Vendor"]
*/
SELECT
  coalesce(nullif(trim({"Lineitem sku"}), ''), "Lineitem name") AS product_id,
  max({"Vendor"}) AS brand
FROM {orders}
WHERE "Lineitem name" IS NOT NULL
GROUP BY ALL

/*
table = "consents"
says = """
The export says who consents, and not since when, so that a consent is known from the day of the
export on. Export it regularly."""
*/
SELECT DISTINCT lower(trim("Email")) AS customer_id, scope, lower(granted) = 'yes' AS granted,
  {exported_at} AS changed_at
FROM (
  SELECT "Email", 'email' AS scope, "Accepts Email Marketing" AS granted FROM {customers}
  UNION ALL
  SELECT "Email", 'sms', {"Accepts SMS Marketing"} FROM {customers}
)
WHERE nullif(trim("Email"), '') IS NOT NULL AND granted IS NOT NULL

/*
table = "customers"
*/
SELECT
  lower(trim("Email")) AS customer_id,
  {exported_at} AS known_at,
  max({"Default Address Country Code"}) AS country,
  max({"Default Address City"}) AS city,
  bool_or(nullif(trim({"Phone"}), '') IS NOT NULL) AS reachable_sms
FROM {customers}
WHERE nullif(trim("Email"), '') IS NOT NULL
GROUP BY ALL
