/*
title = "Mautic"
needs = "its MySQL database, or its tables leads, email_stats and others as CSV; beside a system that has orders"
by_email = true

[sources.leads]
table = "leads"
columns = ["id", "date_added", "date_identified", "email", "mobile", "phone"]

[sources.emails]
table = "email_stats"
columns = ["id", "email_id", "lead_id", "date_sent", "is_read", "is_failed", "date_read"]

[sources.texts]
table = "sms_message_stats"
columns = ["id", "sms_id", "lead_id", "date_sent", "is_failed"]

[sources.refusals]
table = "lead_donotcontact"
columns = ["id", "lead_id", "date_added", "reason", "channel", "channel_id"]

[sources.hits]
table = "page_hits"
columns = ["id", "email_id", "lead_id", "date_hit"]
*/

/*
table = "messages"
format = {timezone = "UTC"}

[leave_out]
"failed" = "is_failed = '1'"
"no customer" = "customer_id IS NULL"
*/
SELECT
  CONCAT('email-', e.id) AS message_id,
  NULLIF(LOWER(TRIM(l.email)), '') AS customer_id,
  e.date_sent AS sent_at,
  'email' AS channel,
  e.email_id AS campaign_id,
  CASE WHEN e.is_read = '1' THEN e.date_read END AS opened_at,
  (SELECT MIN(h.date_hit) FROM {hits} h
    WHERE h.email_id = e.email_id AND h.lead_id = e.lead_id AND h.date_hit >= e.date_sent) AS clicked_at,
  (SELECT MIN(d.date_added) FROM {refusals} d
    WHERE d.lead_id = e.lead_id AND d.channel = 'email' AND d.reason = '1' AND d.channel_id = e.email_id
      AND d.date_added >= e.date_sent) AS unsubscribed_at,
  e.is_failed AS is_failed
FROM {emails} e LEFT JOIN {leads} l ON l.id = e.lead_id
UNION ALL
SELECT CONCAT('sms-', s.id), NULLIF(LOWER(TRIM(l.email)), ''), s.date_sent, 'sms', s.sms_id, NULL, NULL, NULL, s.is_failed
FROM {texts} s LEFT JOIN {leads} l ON l.id = s.lead_id

/*
table = "consents"
says = """
Mautic keeps who must not be written to, and takes everybody else for somebody who may. Where your
contacts have to consent first, take out the first two parts and give the consents of your own."""
format = {timezone = "UTC"}
*/
SELECT LOWER(TRIM(email)) AS customer_id, 'email' AS scope, 'true' AS granted,
  COALESCE(date_identified, date_added) AS changed_at
FROM {leads} WHERE TRIM(email) <> '' AND COALESCE(date_identified, date_added) IS NOT NULL
UNION ALL
SELECT LOWER(TRIM(email)), 'sms', 'true', COALESCE(date_identified, date_added)
FROM {leads}
WHERE TRIM(email) <> '' AND (TRIM(mobile) <> '' OR TRIM(phone) <> '') AND COALESCE(date_identified, date_added) IS NOT NULL
UNION ALL
SELECT LOWER(TRIM(l.email)), d.channel, 'false', d.date_added
FROM {refusals} d JOIN {leads} l ON l.id = d.lead_id
WHERE TRIM(l.email) <> '' AND d.reason IN ('1', '2', '3') AND d.channel IN ('email', 'sms')
