/*
title = "Klaviyo"
needs = "its events (id, datetime, metric_name, profile_id, email, event_properties) and profiles, as CSV or Parquet"
by_email = true
files_only = true

[sources.events]
columns = ["id", "datetime", "metric_name", "profile_id", "email", "event_properties"]

[sources.profiles]
columns = ["id", "email", "subscriptions.email.marketing.consent", "subscriptions.email.marketing.consent_timestamp"]
without = "nobody's consent is known, so that no channel is ever recommended"
[sources.profiles.optional]
"subscriptions.sms.marketing.consent" = "no consent to SMS"
"subscriptions.sms.marketing.consent_timestamp" = "no consent to SMS"
"updated" = "attributes of customers have no day from which they hold"
"location.country" = "no country of customers"
"location.city" = "no city of customers"
*/

/*
table = "orders"
says = """
One row for each OrderId, by its first event Placed Order. The amount is $value, as the shop has sent
it. A cancelled order counts until it was cancelled, and so does one whose refunds add up to it."""
formats.amount = {round = true}

[leave_out]
"no order id" = "order_id IS NULL"
*/
WITH placed AS (
  SELECT *, nullif(trim(json_extract_string(event_properties, '$.OrderId')), '') AS order_id,
    json_extract_string(event_properties, '$."$value"')::DECIMAL(18, 4) AS amount
  FROM {events} WHERE metric_name = 'Placed Order'
  QUALIFY order_id IS NULL OR row_number() OVER (PARTITION BY order_id ORDER BY datetime, id) = 1
), ends AS (
  SELECT json_extract_string(event_properties, '$.OrderId') AS order_id,
    min(datetime) FILTER (WHERE metric_name = 'Cancelled Order') AS cancelled_at,
    sum(json_extract_string(event_properties, '$."$value"')::DECIMAL(18, 4))
      FILTER (WHERE metric_name = 'Refunded Order') AS refunded,
    max(datetime) FILTER (WHERE metric_name = 'Refunded Order') AS refunded_at
  FROM {events} WHERE metric_name IN ('Cancelled Order', 'Refunded Order') GROUP BY ALL
)
SELECT
  order_id,
  coalesce(nullif(lower(trim(email)), ''), profile_id) AS customer_id,
  datetime AS ordered_at,
  amount,
  json_extract_string(event_properties, '$."$currency_code"') AS currency,
  coalesce(cancelled_at, if(refunded > 0 AND refunded >= amount, refunded_at, NULL)) AS cancelled_at
FROM placed LEFT JOIN ends USING (order_id)

/*
table = "order_lines"
*/
SELECT order_id, coalesce(line.ProductID, line.SKU) AS product_id, coalesce(line.Quantity, '1') AS quantity,
  line.ItemPrice AS unit_price
FROM (
  SELECT order_id, unnest(from_json(json_extract(event_properties, '$.Items'),
    '[{"ProductID": "VARCHAR", "SKU": "VARCHAR", "Quantity": "VARCHAR", "ItemPrice": "VARCHAR"}]')) AS line
  FROM (
    SELECT *, json_extract_string(event_properties, '$.OrderId') AS order_id
    FROM {events} WHERE metric_name = 'Placed Order'
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY datetime, id) = 1
  )
  WHERE trim(order_id) <> ''
)

/*
table = "returns"
formats.amount = {round = true}
*/
WITH acts AS (
  SELECT *, json_extract_string(event_properties, '$.OrderId') AS order_id,
    json_extract_string(event_properties, '$."$value"')::DECIMAL(18, 4) AS amount
  FROM {events}
), placed AS (
  SELECT order_id, coalesce(nullif(lower(trim(email)), ''), profile_id) AS customer_id, amount AS paid
  FROM acts
  WHERE metric_name = 'Placed Order' AND order_id NOT IN (
    SELECT order_id FROM acts WHERE metric_name = 'Cancelled Order' AND order_id IS NOT NULL)
  QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY datetime, id) = 1
)
SELECT id AS return_id, placed.customer_id AS customer_id, datetime AS returned_at, amount, order_id
FROM acts JOIN placed USING (order_id)
WHERE metric_name = 'Refunded Order'
QUALIFY sum(amount) OVER (PARTITION BY order_id) < paid

/*
table = "events"
*/
SELECT
  id AS event_id,
  coalesce(nullif(lower(trim(email)), ''), profile_id) AS customer_id,
  datetime AS occurred_at,
  CASE metric_name WHEN 'Viewed Product' THEN 'view' WHEN 'Added to Cart' THEN 'cart'
    WHEN 'Started Checkout' THEN 'checkout' WHEN 'Active on Site' THEN 'visit' END AS event_type,
  coalesce(json_extract_string(event_properties, '$.ProductID'),
    json_extract_string(event_properties, '$.AddedItemProductID')) AS product_id
FROM {events}
WHERE event_type IS NOT NULL

/*
table = "messages"
says = "What came of a message is the first such event of the same person and the same $message."
*/
WITH acts AS (
  SELECT *, json_extract_string(event_properties, '$."$message"') AS campaign_id FROM {events}
), ends AS (
  SELECT profile_id, campaign_id,
    if(metric_name = 'Clicked SMS', 'sms', 'email') AS channel,
    min(datetime) FILTER (WHERE metric_name = 'Opened Email') AS opened_at,
    arg_min(json_extract_string(event_properties, '$."Machine Open"'), datetime)
      FILTER (WHERE metric_name = 'Opened Email') AS machine_opened,
    min(datetime) FILTER (WHERE metric_name IN ('Clicked Email', 'Clicked SMS')) AS clicked_at
  FROM acts
  WHERE metric_name IN ('Opened Email', 'Clicked Email', 'Clicked SMS')
  GROUP BY ALL
), refusals AS (
  SELECT profile_id, campaign_id, min(datetime) AS unsubscribed_at
  FROM acts
  WHERE metric_name IN ('Unsubscribed', 'Unsubscribed from Email Marketing', 'Unsubscribed from SMS Marketing')
  GROUP BY ALL
)
SELECT
  sent.id AS message_id,
  coalesce(nullif(lower(trim(sent.email)), ''), sent.profile_id) AS customer_id,
  sent.datetime AS sent_at,
  sent.channel AS channel,
  sent.campaign_id AS campaign_id,
  ends.opened_at AS opened_at,
  if(ends.opened_at IS NULL, NULL, coalesce(ends.machine_opened, 'false')) AS machine_opened,
  ends.clicked_at AS clicked_at,
  refusals.unsubscribed_at AS unsubscribed_at
FROM (
  SELECT *, CASE metric_name WHEN 'Received Email' THEN 'email' WHEN 'Received SMS' THEN 'sms'
    WHEN 'Received Push' THEN 'mobile_push' END AS channel
  FROM acts
) sent
LEFT JOIN ends USING (profile_id, campaign_id, channel)
LEFT JOIN refusals USING (profile_id, campaign_id)
WHERE sent.channel IS NOT NULL

/*
table = "consents"
*/
SELECT
  coalesce(nullif(lower(trim(email)), ''), id) AS customer_id, scope,
  consent = 'SUBSCRIBED' AS granted, changed_at
FROM (
  SELECT email, id, 'email' AS scope, "subscriptions.email.marketing.consent" AS consent,
    "subscriptions.email.marketing.consent_timestamp" AS changed_at FROM {profiles}
  UNION ALL
  SELECT email, id, 'sms', {"subscriptions.sms.marketing.consent"},
    {"subscriptions.sms.marketing.consent_timestamp"} FROM {profiles}
)
WHERE consent IN ('SUBSCRIBED', 'UNSUBSCRIBED') AND nullif(trim(changed_at), '') IS NOT NULL

/*
table = "customers"
uses = ["updated"]
*/
SELECT
  coalesce(nullif(lower(trim(email)), ''), id) AS customer_id,
  {"updated"} AS known_at,
  {"location.country"} AS country,
  {"location.city"} AS city
FROM {profiles}
