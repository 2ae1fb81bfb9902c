"""The input contract as data: the tables and columns that a shop may give, and their meaning.

Only the table `orders` is required. Without one of the other tables the features that read
it do not exist; nothing is filled with zeros in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

ColumnKind = Literal["id", "text", "instant", "money", "number", "share", "flag", "year"]

# What a value of each kind must look like, as errors say it.
KIND_DESCRIPTIONS: dict[ColumnKind, str] = {
    "id": "text or a whole number",
    "text": "text",
    "instant": "a date, or a date and time (2025-06-30, 2025-06-30T12:00:00Z)",
    "money": "a decimal number in the shop's currency",
    "number": "a number",
    "share": "a number between 0 and 1",
    "flag": "true or false",
    "year": "a year of four digits, such as 1985",
}

FLOAT_IDS = "text or a whole number: as floats, ids are whole only below 2^53"

# Events that have features of their own; other types are kept and counted.
EVENT_TYPES = ("view", "cart", "checkout", "search", "wishlist", "visit", "support", "review")
ONLINE_CHANNELS = ("web", "app", "online")  # sales channels that count as online
PROFILING_SCOPE = "profiling"  # the scope of a consent to being profiled
# Why an arm was drawn for a customer; the column of messages with it is called `arm`.
DrawReason = Literal["control", "random", "optimised"]
DRAW_REASONS: tuple[DrawReason, ...] = get_args(DrawReason)


@dataclass(frozen=True)
class Column:
    """The declaration of one column of an input table.

    Attributes
    ----------
    name, kind, description : str
        The column's name, the kind of its values (a key of `KIND_DESCRIPTIONS`) and its meaning.
    required : bool
        The table must have the column, and every row a value in it.
    known_with : str or None
        The column with the instant from which this value is known, for a value that arrives
        after its row: the revenue of a click is known with `converted_at`. An instant that comes
        after its row is known with itself and has None here.
    minimum : float or None
        Smallest allowed value, in the unit of the column.
    pattern : bool
        The name is a prefix: `attr_` stands for every column whose name begins with it. The rest
        of the name is the same in upper and lower case, and is held in lower case.
    folded : bool
        The values are the same in upper and lower case, and are held in lower case.
    """

    name: str
    kind: ColumnKind
    description: str
    required: bool = False
    known_with: str | None = None
    minimum: float | None = None
    pattern: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Table:
    """The declaration of one input table.

    Attributes
    ----------
    name : str
        The table's name in the contract.
    grain : str
        What one row of the table stands for.
    happened : str or None
        The column with the instant at which a row happened. It is `known_at` where a row is a
        statement (about a customer), and None where rows have no clock (products, order lines).
    key : tuple of str
        Columns whose values together stand in one row only; `source` and `known_at` may be
        missing among them. Empty for a table whose rows carry no id.
    columns : tuple of Column
        All columns that the table may have.
    """

    name: str
    grain: str
    happened: str | None
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the declaration of a column by its name, or None if it is not in the contract.

        A name that begins with the prefix of a pattern has the declaration of that pattern.
        """
        for column in self.columns:
            if name == column.name or (column.pattern and name.startswith(column.name)):
                return column
        return None

    def held_as(self, name: str) -> str:
        """Return the name under which a column is held: in lower case if it belongs to a pattern.

        >>> CUSTOMERS.held_as("attr_Shoe_Size")
        'attr_shoe_size'
        """
        return name.lower() if self[name].pattern else name

    def __getitem__(self, name: str) -> Column:
        """Return the declaration of a column that the contract is known to have.

        Raises
        ------
        KeyError
            The contract has no such column.
        """
        column = self.column(name)
        if column is None:
            raise KeyError(f"{self.name}.{name} is not in the contract")
        return column

    @property
    def late_instants(self) -> tuple[str, ...]:
        """Columns with instants that come after the row itself (of a click, of a cancellation)."""
        row_clocks = (self.happened, "known_at")
        return tuple(
            c.name for c in self.columns if c.kind == "instant" and c.name not in row_clocks
        )

    def columns_known_with_row(self, names: Iterable[str]) -> list[str]:
        """Return those of some columns whose values are known with their row, not later."""
        return [
            name
            for name in names
            if name not in ("known_at", *self.late_instants)
            and (column := self.column(name)) is not None
            and column.known_with is None
        ]


_KNOWN_AT = Column("known_at", "instant", "when the shop's systems knew the row")
_CUSTOMER = Column("customer_id", "id", "the customer", required=True)
_STORE = Column("store", "text", "store or brand", folded=True)
_SOURCE = Column("source", "text", "the system that issued customer_id, as in identities")

ORDERS = Table(
    name="orders",
    grain="one order",
    happened="ordered_at",
    key=("order_id",),
    columns=(
        Column("order_id", "id", "the order", required=True),
        _CUSTOMER,
        _SOURCE,
        Column("ordered_at", "instant", "when it was ordered", required=True),
        Column(
            "amount",
            "money",
            "paid: net of discount, with tax, without shipping",
            required=True,
            minimum=0,
        ),
        _KNOWN_AT,
        _STORE,
        Column(
            "sales_channel",
            "text",
            ", ".join(ONLINE_CHANNELS)
            + " count as online; all others, such as shop and phone, do not",
            folded=True,
        ),
        Column("currency", "text", "ISO 4217 code"),
        Column("discount", "money", "taken off the price", minimum=0),
        Column("cancelled_at", "instant", "when it was cancelled"),
    ),
)

ORDER_LINES = Table(
    name="order_lines",
    grain="one product of one order",
    happened=None,
    key=(),
    columns=(
        Column("order_id", "id", "the order", required=True),
        Column("product_id", "id", "the product", required=True),
        Column(
            "quantity", "number", "how much was bought: pieces, kilograms", required=True, minimum=0
        ),
        Column("unit_price", "money", "paid for one, with tax", required=True, minimum=0),
    ),
)

PRODUCTS = Table(
    name="products",
    grain="one product",
    happened=None,
    key=("product_id",),
    columns=(
        Column("product_id", "id", "the product", required=True),
        Column("category", "text", "category"),
        Column("subcategory", "text", "category below the category"),
        Column("brand", "text", "brand"),
        Column("color", "text", "colour"),
        Column("size", "text", "size"),
        Column("price", "money", "list price", minimum=0),
    ),
)

RETURNS = Table(
    name="returns",
    grain="one return",
    happened="returned_at",
    key=("return_id",),
    columns=(
        Column("return_id", "id", "the return", required=True),
        _CUSTOMER,
        _SOURCE,
        Column("returned_at", "instant", "when it was returned", required=True),
        Column(
            "amount",
            "money",
            "refunded, as a positive number",
            required=True,
            minimum=0,
        ),
        _KNOWN_AT,
        Column("order_id", "id", "the order it belongs to"),
        Column("product_id", "id", "the product"),
    ),
)

EVENTS = Table(
    name="events",
    grain="one thing a customer did",
    happened="occurred_at",
    key=("event_id",),
    columns=(
        _CUSTOMER,
        _SOURCE,
        Column("occurred_at", "instant", "when it occurred", required=True),
        Column(
            "event_type",
            "text",
            ", ".join(EVENT_TYPES) + "; others are kept and counted",
            required=True,
            folded=True,
        ),
        Column("event_id", "id", "the event"),
        _KNOWN_AT,
        Column("product_id", "id", "the product"),
        _STORE,
        Column("device", "text", "the device that was used"),
    ),
)

MESSAGES = Table(
    name="messages",
    grain="one message to one customer; channel `none` is a deliberate no-message",
    happened="sent_at",
    key=("message_id",),
    columns=(
        Column("message_id", "id", "the message", required=True),
        _CUSTOMER,
        _SOURCE,
        Column("sent_at", "instant", "when it was sent", required=True),
        Column(
            "channel",
            "text",
            "such as email, sms, web_push, phone; none",
            required=True,
            folded=True,
        ),
        _KNOWN_AT,
        Column("decision_id", "id", "the decision that it carried out"),
        Column("campaign_id", "id", "the campaign"),
        _STORE,
        Column("delivered_at", "instant", "when it was delivered"),
        Column("opened_at", "instant", "when it was first opened"),
        Column("machine_opened", "flag", "the open was a machine's", known_with="opened_at"),
        Column("clicked_at", "instant", "when it was first clicked"),
        Column("converted_at", "instant", "when the sender counted a conversion of it"),
        Column("revenue", "money", "revenue of the conversion", known_with="converted_at"),
        Column("unsubscribed_at", "instant", "when it made the customer unsubscribe"),
        Column("propensity", "share", "probability with which this channel was drawn"),
        Column(
            "arm", "text", "why the channel was chosen: " + ", ".join(DRAW_REASONS), folded=True
        ),
    ),
)

CONSENTS = Table(
    name="consents",
    grain="one change of one customer's consent",
    happened="changed_at",
    key=(),
    columns=(
        _CUSTOMER,
        _SOURCE,
        Column("scope", "text", "a channel, or `profiling`", required=True, folded=True),
        Column("granted", "flag", "true: given; false: withdrawn", required=True),
        Column("changed_at", "instant", "when it changed", required=True),
        _KNOWN_AT,
        _STORE,
    ),
)

CUSTOMERS = Table(
    name="customers",
    grain="one statement about a customer; the latest known one counts",
    happened="known_at",
    key=("customer_id", "source", "known_at"),
    columns=(
        _CUSTOMER,
        _SOURCE,
        _KNOWN_AT,
        Column("first_seen_at", "instant", "when the shop first met the customer"),
        Column("birth_year", "year", "year of birth"),
        Column("country", "text", "country"),
        Column("city", "text", "city"),
        Column("acquisition_channel", "text", "where the customer came from"),
        Column(
            "preferred_channel",
            "text",
            "the channel that the customer asked for; never a consent",
            folded=True,
        ),
        Column(
            "reachable_",
            "flag",
            "whether the customer has an address of that channel",
            pattern=True,
        ),
        Column("attr_", "text", "a declared attribute of the shop", pattern=True),
    ),
)

IDENTITIES = Table(
    name="identities",
    grain="one id of one source, and the customer it belongs to",
    happened="known_at",
    key=("source", "source_id", "known_at"),
    columns=(
        Column("source", "text", "the system the id comes from", required=True),
        Column("source_id", "id", "the id in that system", required=True),
        _CUSTOMER,
        _KNOWN_AT,
    ),
)

TABLES: tuple[Table, ...] = (
    ORDERS,
    ORDER_LINES,
    PRODUCTS,
    RETURNS,
    EVENTS,
    MESSAGES,
    CONSENTS,
    CUSTOMERS,
    IDENTITIES,
)

TABLES_BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}


def known_at_column(instant: str) -> str:
    """Return the name of the column that holds when a late instant was known.

    >>> known_at_column("clicked_at")
    'clicked_known_at'
    """
    return instant.removesuffix("_at") + "_known_at"


# Tables whose rows get a column `local_day`, the calendar day on which they happened.
TABLES_WITH_LOCAL_DAY = ("orders", "returns", "events", "messages")
