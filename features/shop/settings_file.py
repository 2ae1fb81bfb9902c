"""The sections and settings of `nextbuy.toml`.

The reference page of the settings is made from the types, defaults and docstrings of this file: a
setting that has no entry under `Attributes` of its section fails the test of that page.
"""

from typing import Literal

import msgspec

from features.contract.value_format import PLAIN, ValueFormat
from features.shop.folded_ids import Fold

SOURCE = "source"  # the name of a table's only file in its query


class TableSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where one table of the contract comes from: files, or a table or query of a database.

    Attributes
    ----------
    path : str, dict of str to str, or None
        A Parquet or CSV file, the latter also gzipped or in a zip archive, a glob, or a folder;
        relative to nextbuy.toml. Give either this or a database. A query may join several files,
        each under a name of its own: `{orders = "orders.csv", items = "items.csv"}`.
    database : str or None
        Address of a PostgreSQL, MySQL or MariaDB database, or path of an SQLite or DuckDB file.
    database_env : str or None
        Name of the environment variable that holds the address, where it has a password.
    table : str or None
        The table that is read from the database. Give either this or `query`.
    query : str or None
        The SQL query whose result is read: from the database, or from the files of `path`, which
        it sees as the view `source`, or under their names where they have some.
    leave_out : dict of str to str
        Rows that are not read, each kind by a name and an SQL condition over the columns of the
        file, the query or the database: `{"test orders" = "status = 'test'"}`. `nextbuy check`
        says how many they are. A row that meets several conditions counts for the first.
    columns : dict of str to str, or list of str
        The shop's column names by the contract's: `{customer_id = "cust_no"}`. A column that is
        not listed has the contract's name. For CSV files without a header a list of all columns in
        their order, by the contract's names: `["order_id", "customer_id", ...]`.
    order_per : {"row", "day"} or None
        What one order is where the table orders has no order_id: each row, or all rows of a
        customer on a local day, whose amounts are then added up.
    has_amounts : bool
        Whether the table orders has amounts. Without them no spend is predicted, no feature reads
        them, and the policies of channels are valued by purchases.
    encoding : str or None
        The encoding of CSV files, such as `windows-1250` or `utf-16`; without it, UTF-8.
    delimiter : str or None
        The sign between two values of CSV files; without it, the one that splits the header most.
    format : ValueFormat
        How the values of all columns are written, where it is not the contract's way.
    formats : dict of str to ValueFormat
        How the values of single columns are written, by the contract's names; what stands here
        goes before `format`.
    """

    path: str | dict[str, str] | None = None
    database: str | None = None
    database_env: str | None = None
    table: str | None = None
    query: str | None = None
    leave_out: dict[str, str] = {}
    columns: dict[str, str] | list[str] = {}
    order_per: Literal["row", "day"] | None = None
    has_amounts: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    format: ValueFormat = PLAIN
    formats: dict[str, ValueFormat] = {}

    @property
    def paths(self) -> dict[str, str]:
        """The files that are read, by the names under which a query sees them."""
        if isinstance(self.path, dict):
            return self.path
        return {} if self.path is None else {SOURCE: self.path}

    @property
    def mapping(self) -> dict[str, str]:
        """The shop's column names by the contract's."""
        return self.columns if isinstance(self.columns, dict) else {}

    @property
    def header(self) -> list[str] | None:
        """The columns of CSV files without a header, in their order; None where they have one."""
        return None if isinstance(self.columns, dict) else self.columns

    def format_of(self, column: str) -> ValueFormat:
        """Return how the values of a column of the contract are written."""
        return self.formats.get(column, PLAIN).over(self.format)


class ShopSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What holds for all tables.

    Attributes
    ----------
    name : str
        Name of the shop, in reports and in a store or database that several shops share.
    timezone : str
        IANA time zone in which naive times and bare dates are read, and to which weekdays, hours
        and days belong.
    currency : str
        ISO 4217 code of all amounts.
    horizon_days : int
        Length of the horizon of "will they buy again", in days, 7 to 365.
    settle_days : int
        Days after the end of a horizon until late orders have arrived, 0 to 365.
    observed_until : str or None
        The date or instant at which the data ends. Without it, the data ends with the last local
        day on which the usual orders are there; single later orders do not move it, and neither do
        posts unless `journal.complete` is set.
    workspace : str
        Folder for what Nextbuy writes, relative to nextbuy.toml.
    memory_gib : float or None
        GiB of memory that the log may take while a command runs, 0.1 or more. Without it, 2, or
        60 % of a smaller machine.
    reuse_hours : float
        Hours within which tables of databases that were read and checked are used again by the
        next commands, all of them or none, 0 to 720. With 0 they are read by every command. Files
        are read again when they change.
    pseudonymise : bool
        Whether customer ids are hashed while they are read. The key is read from the environment.
    simulated : bool
        Whether the shop is a simulation, in which an earlier instant may count as now.
    """

    name: str = "shop"
    timezone: str = "UTC"
    currency: str = "EUR"
    horizon_days: int = 90
    settle_days: int = 0
    observed_until: str | None = None
    workspace: str = ".nextbuy"
    memory_gib: float | None = None
    reuse_hours: float = 0.0
    pseudonymise: bool = False
    simulated: bool = False


class ChannelSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the shop decides about contacting its customers.

    Attributes
    ----------
    default_order : list of str
        The channels in the order in which they are recommended while no effect of theirs is
        identified: the first that the customer may be sent, and `none` where there is none. `none`
        may stand in it, and what stands after it is then never recommended. Without an order, the
        channels go by their conversion and `none` comes last. Once effects are identified, the
        order is not read.
    assume_consent : list of str
        Channels to which the shop has consent by other means. Only a shop without the table
        consents may set it, and every answer then says so.
    window_days : int
        Days within which a purchase counts as a message's conversion, 1 to 90.
    max_in_7_days : dict of str to int
        Most messages to one customer within 7 days, by channel; `all` counts all channels
        together.
    max_in_28_days : dict of str to int
        Most messages to one customer within 28 days, by channel; `all` counts all channels
        together.
    quiet_hours : dict of str to list of str
        By channel, the local times from which and until which nothing is sent:
        `{sms = ["21:00", "08:00"]}`. They may span midnight.
    margin : float
        Share of an order's amount that is earned, above 0 and at most 1.
    cost : dict of str to float
        What one message costs, by channel, in the shop's currency.
    fatigue : float
        What each message of the last seven days takes off the worth of one more, in the shop's
        currency.
    cluster_by : str or None
        A text column of the table customers, such as `attr_household`: customers who declare the
        same value draw alike in decisions. A customer who declares none draws alone.
    """

    default_order: list[str] = []
    assume_consent: list[str] = []
    window_days: int = 7
    max_in_7_days: dict[str, int] = {}
    max_in_28_days: dict[str, int] = {}
    quiet_hours: dict[str, list[str]] = {}
    margin: float = 1.0
    cost: dict[str, float] = {}
    fatigue: float = 0.0
    cluster_by: str | None = None

    @property
    def caps(self) -> dict[int, dict[str, int]]:
        """The most messages, by days and channel."""
        return {7: self.max_in_7_days, 28: self.max_in_28_days}


class CustomerSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who the customers are, and which of their attributes never change.

    Attributes
    ----------
    static : list of str
        Columns of the table customers that are used although the table has no `known_at` to say
        since when their values have held.
    fold : {"none", "case", "plus_tag"}
        Which customer ids are one, in all tables, posted rows and requests. `none`: those that are
        written alike. `case`: also those that differ in upper and lower case, blanks, characters
        that cannot be seen, or Unicode form, as e-mail addresses do. `plus_tag`: also addresses
        that differ between a plus and the at sign. Rows that were posted before keep their ids.
    """

    static: list[str] = []
    fold: Fold = "none"


class SensitiveSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which categories and attributes are too personal to become a feature or a reason.

    Attributes
    ----------
    words : list of str
        Words that keep a name out, beside the built-in list.
    allow : list of str
        Names that are let in although a word keeps them out.
    """

    words: list[str] = []
    allow: list[str] = []


class StoreSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the history store is that the service reads.

    Attributes
    ----------
    url : str or None
        Address of a Redis server that several hosts share. Without it, a file of the workspace.
        The environment variable `NEXTBUY_STORE` comes before it.
    """

    url: str | None = None


class JournalSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where posted rows are written down.

    Attributes
    ----------
    url : str or None
        Address of a PostgreSQL database that several hosts share. Without it, a file of the
        workspace.
    complete : bool
        Whether the shop posts everything that happens, so that the data reaches to the last post.
    """

    url: str | None = None
    complete: bool = False


class DecisionSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How much a decision explores, and where decisions are written down.

    Attributes
    ----------
    explore : float
        Share of the decisions that are drawn at random among all eligible channels and `none`, 0
        to 1.
    control : float
        Share of the decisions that are held out and get no message, 0 to 0.5.
    floor : float
        Least probability of every eligible channel, 0 to 0.1; more decisions are drawn at random
        where it takes that.
    method : {"epsilon", "thompson"}
        What the other decisions get. `epsilon`: the recommended channel; `thompson`: each channel
        as often as it may be the best.
    url : str or None
        Address of a PostgreSQL database that several hosts share. Without it, a file of the
        workspace.
    """

    explore: float = 0.10
    control: float = 0.0
    floor: float = 0.02
    method: Literal["epsilon", "thompson"] = "epsilon"
    url: str | None = None


class ShopFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file; `tables` is the only section that every shop needs.

    Attributes
    ----------
    contact_points : dict of str to int
        Points of the contact score by kind of interaction, 0 or more; an event type of the shop's
        own may stand here.
    """

    tables: dict[str, TableSource]
    shop: ShopSection = ShopSection()
    channels: ChannelSection = ChannelSection()
    customers: CustomerSection = CustomerSection()
    contact_points: dict[str, int] = {}
    sensitive: SensitiveSection = SensitiveSection()
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()
    decisions: DecisionSection = DecisionSection()
