"""Declares probes of what rows contain: ids, amounts, and references to other tables."""

from collections.abc import Iterator

from features.contract.casts import quote
from features.contract.tables import DRAW_REASONS, EVENT_TYPES, PROFILING_SCOPE, Table
from features.log.log import Log
from features.readiness.finding import Severity
from features.readiness.probes import Probe, applies

# One account with more orders than this, and more than this share of all, is no person.
_TILL_ORDERS, _TILL_SHARE = 500, 0.01
_PLACEHOLDERS = (
    *("0", "0.0", "-1", "00000000-0000-0000-0000-000000000000", "?", "-", "nan", "nat", "none"),
    *("null", "(null)", "\\n", "n/a", "#n/a", "na", "<na>"),  # \\N of MySQL, #N/A of spreadsheets
    *("guest", "unknown", "anonymous", "default", "dummy", "test", "undefined", "gast"),
)


def content_probes(log: Log, table: Table) -> Iterator[Probe]:
    """List the probes of a table's contents that need no more than the shop gives."""
    if table.column("customer_id"):
        yield _placeholder_id(table)
    for column in table.columns:
        if column.kind == "id" and column.name in log.provided[table.name]:
            yield from _spreadsheet_ids(table, column.name)
    strangers = [_stranger(table, _STRANGERS[table.name])] if table.name in _STRANGERS else []
    yield from (p for p in (*strangers, *_PROBES) if p.table == table.name and applies(p, log))


def _placeholder_id(table: Table) -> Probe:
    return Probe(
        "warning",
        f"{table.name}.customer_id",
        "an id that stands for nobody, taken for one customer",
        "Leave these rows out, or give each guest an id of their own.",
        f"lower(customer_id) IN ({_texts(*_PLACEHOLDERS)})",
        example="customer_id",
        line='leave_out."no customer" = "customer_id IN ({examples})"',
    )


def _spreadsheet_ids(table: Table, name: str) -> Iterator[Probe]:
    """Declare the probes of ids that were numbers on the way: rounded ones, and those with `.0`."""
    yield Probe(
        "warning",
        f"{table.name}.{name}",
        "ids that a spreadsheet has rounded, so that different ones are the same",
        "Export the column as text from where the ids come from: their last digits are lost.",
        rf"regexp_full_match({name}, '[0-9]([.,][0-9]+)?[eE]\+?[0-9]+')",
        example=name,
    )
    yield Probe(
        "warning",
        f"{table.name}.{name}",
        "ids that were decimal numbers on the way, such as 17.0 for 17",
        "Export the column as text or whole numbers, or no other table has the same ids.",
        rf"regexp_full_match({name}, '[0-9]+\.0')",
        example=name,
        line=f'formats.{name} = {{strip = [".0"]}}',
    )


_STRANGERS: dict[str, Severity] = {
    "returns": "warning",
    "events": "advice",
    "messages": "advice",
    "consents": "advice",
}


def _stranger(table: Table, level: Severity) -> Probe:
    return Probe(
        level,
        f"{table.name}.customer_id",
        "of customers without any order; kept",
        "If they should have one, compare the customer ids of the two systems.",
        "customer_id NOT IN (SELECT customer_id FROM orders)",
        needs=("orders",),
        example="customer_id",
    )


def _texts(*values: str) -> str:
    return ", ".join(map(quote, values))


def _without_nothing(column: str) -> str:
    """Return the line that leaves out the rows with a number of 0, in any format of numbers."""
    return f"leave_out.nothing = \"NOT regexp_matches({column}::VARCHAR, '[1-9]')\""


_ACCOUNT = "source || ':' || source_id"
_PROBES = (
    Probe(
        "warning",
        "orders.customer_id",
        "of one account with more orders than a person places",
        "Leave out tills, test accounts and marketplaces.",
        "customer_id IN (SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > "
        f"greatest({_TILL_ORDERS}, {_TILL_SHARE} * (SELECT count(*) FROM orders)))",
        example="customer_id",
        line='leave_out.tills = "customer_id IN ({examples})"',
    ),
    Probe(
        "warning",
        "orders.currency",
        "without a currency; read as the shop's own",
        "Fill it in, or leave these orders out if they are in another one.",
        "currency IS NULL",
        needs=("orders.currency",),
        line='leave_out."no currency" = "currency IS NULL"',
    ),
    Probe(
        "advice",
        "orders.amount",
        "of nothing; they count as purchases",
        "Leave them out if they are samples, gifts or cancelled.",
        "amount = 0",
        line=_without_nothing("amount"),
    ),
    Probe(
        "warning",
        "orders.amount",
        "more than 100 times the amount that 99.9 % of the orders stay below",
        "Check the decimal sign and the currency of these orders.",
        "amount > 100 * (SELECT quantile_disc(amount, 0.999) FROM orders WHERE amount > 0)",
    ),
    Probe(
        "warning",
        "orders.amount",
        "more than 1 % away from the sum of quantity x unit_price of its lines",
        "`unit_price` is what was paid for one: net of discount, with tax, without shipping.",
        "order_id IN (SELECT o.order_id FROM orders AS o JOIN (SELECT order_id, "
        "sum(quantity * unit_price) AS total FROM order_lines GROUP BY order_id) AS l "
        "ON l.order_id = o.order_id WHERE abs(total - amount) > greatest(2, 0.01 * amount))",
        among="order_id IN (SELECT order_id FROM order_lines)",
        needs=("order_lines",),
        least_share=0.01,
    ),
    Probe(
        "advice",
        "orders.order_id",
        "without a line in order_lines",
        "Export the lines of the same orders.",
        "order_id NOT IN (SELECT order_id FROM order_lines)",
        needs=("order_lines",),
        least_share=0.01,
    ),
    Probe(
        "warning",
        "order_lines.order_id",
        "lines of orders that are not in orders; never used",
        "Export both tables over the same time.",
        "order_id NOT IN (SELECT order_id FROM orders)",
        needs=("orders",),
    ),
    Probe(
        "warning",
        "order_lines.product_id",
        "products that are not in products; without category and brand",
        "Export all products that were ever sold.",
        "product_id NOT IN (SELECT product_id FROM products)",
        needs=("products",),
        example="product_id",
    ),
    Probe(
        "warning",
        "order_lines.quantity",
        "lines of no pieces",
        "Leave cancelled lines out.",
        "quantity = 0",
        line=_without_nothing("quantity"),
    ),
    Probe(
        "warning",
        "returns.order_id",
        "returns of orders that are not in orders",
        "Export both tables over the same time, with the same order ids.",
        "order_id NOT IN (SELECT order_id FROM orders)",
        among="order_id IS NOT NULL",
        needs=("returns.order_id", "orders"),
    ),
    Probe(
        "advice",
        "events.event_type",
        "event types that the contract does not name; kept and counted",
        f"Rename those that mean one of {', '.join(EVENT_TYPES)}.",
        f"event_type NOT IN ({_texts(*EVENT_TYPES)})",
        example="event_type",
    ),
    Probe(
        "warning",
        "messages.arm",
        f"arms other than {', '.join(DRAW_REASONS)}; taken for targeted",
        "Rename them; only control and random tell what a message causes.",
        f"arm NOT IN ({_texts(*DRAW_REASONS)})",
        among="arm IS NOT NULL",
        needs=("messages.arm",),
        example="arm",
    ),
    Probe(
        "warning",
        "messages.propensity",
        "drawn at random, but with no probability logged; taken for targeted",
        "Log the probability with which the channel was drawn.",
        "propensity IS NULL",
        among="arm IN ('control', 'random')",
        needs=("messages.arm",),
    ),
    Probe(
        "warning",
        "messages.propensity",
        "sent with a logged chance of 0: what was drawn had a chance; taken for targeted",
        "Log the probability with which the channel was drawn, and nothing where none was.",
        "propensity = 0",
        among="propensity IS NOT NULL",
        needs=("messages.propensity",),
    ),
    Probe(
        "warning",
        "messages.arm",
        "tagged `control`, but sent through a channel; a control group is sent nothing",
        "Tag as `control` only what was not sent, with the channel `none`.",
        "channel <> 'none'",
        among="arm = 'control'",
        needs=("messages.arm",),
        example="channel",
    ),
    Probe(
        "warning",
        "messages.channel",
        "sent through channels that consents do not name: never recommended",
        "Give the consents of these channels as scopes of the same name.",
        "channel NOT IN (SELECT scope FROM consents)",
        among="channel <> 'none'",
        needs=("consents",),
        example="channel",
    ),
    Probe(
        "advice",
        "consents.scope",
        f"scopes that are neither a channel of messages nor `{PROFILING_SCOPE}`; never used",
        "Name the scopes as the channels in messages.",
        f"scope <> '{PROFILING_SCOPE}' AND scope NOT IN (SELECT channel FROM messages)",
        needs=("messages",),
        example="scope",
    ),
    Probe(
        "warning",
        "customers.known_at",
        "without it nobody can say from when on they hold; never used",
        "Give the instant at which the shop knew them.",
        "known_at IS NULL",
        needs=("customers.known_at",),
    ),
    Probe(
        "warning",
        "customers.birth_year",
        "born before 1905 or after now: a placeholder",
        "Leave the field empty where it is not known.",
        "birth_year < 1905 OR birth_year > year(today())",
        among="birth_year IS NOT NULL",
        needs=("customers.birth_year",),
    ),
    Probe(
        "advice",
        "identities.customer_id",
        "customers that are themselves an id mapped to another customer; followed to the last one",
        "If they only happen to be equal, make the ids distinct, as in 'web-17'.",
        "customer_id IN (SELECT customer_id FROM given_steps WHERE customer <> customer_id)",
        example="customer_id",
    ),
    Probe(
        "warning",
        "identities.source_id",
        "ids mapped to one another in a circle; one customer, the one that the newest row names",
        "Map all of them to one customer.",
        f"(source_id IN (FROM circled_accounts) OR {_ACCOUNT} IN (FROM circled_accounts))",
    ),
    Probe(
        "warning",
        "identities.source_id",
        "ids of several sources that are mapped to different customers",
        "Make the ids of each source distinct, as in 'web-17' and 'app-17'.",
        "source_id IN (SELECT source_id FROM identities GROUP BY source_id "
        "HAVING count(DISTINCT source) > 1 AND count(DISTINCT customer_id) > 1)",
        example="source_id",
    ),
)
