"""The sections of `nextbuy.toml` and their settings, with types and defaults."""

from typing import Literal

import msgspec


class TableSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[tables.<name>]`: where one table of the contract comes from, files or a database.

    Attributes
    ----------
    path : str or None
        A file, a glob or a folder of files, relative to `nextbuy.toml`.
    database, database_env : str or None
        A database's URL or file, or the environment variable that holds it.
    table, query : str or None
        The table of the database, or the query that reads it.
    columns : dict of str to str
        The contract's column names -> the shop's: `{customer_id = "cust_no"}`.
    """

    path: str | None = None
    database: str | None = None
    database_env: str | None = None
    table: str | None = None
    query: str | None = None
    columns: dict[str, str] = {}


class ShopSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[shop]`: settings that hold for all tables.

    Attributes
    ----------
    name : str
        Name of the shop; it names the shop's keys in Redis and its schema in PostgreSQL.
    timezone, currency : str
        IANA name of the zone of naive times and of days; ISO 4217 code of all amounts.
    horizon_days : int
        Days after the cutoff for which purchases are predicted.
    settle_days : int
        Days after the end of a target window until all of its rows have arrived.
    observed_until : str or None
        Last instant of the data; None takes it from the orders.
    workspace : str
        Folder for what Nextbuy writes, relative to `nextbuy.toml`.
    memory_gib : float or None
        Memory that DuckDB may use; None chooses it by the machine.
    pseudonymise : bool
        Replace customer ids by pseudonyms when they are read.
    simulated : bool
        The data was made by the simulator.
    """

    name: str = "shop"
    timezone: str = "UTC"
    currency: str = "EUR"
    horizon_days: int = 90
    settle_days: int = 0
    observed_until: str | None = None
    workspace: str = ".nextbuy"
    memory_gib: float | None = None
    pseudonymise: bool = False
    simulated: bool = False


class ChannelSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[channels]`: what the shop has decided about contacting its customers.

    Attributes
    ----------
    default_order : list of str
        Channels, the preferred one first, for customers without identified effects.
    assume_consent : list of str
        Channels for which the shop has consent by other means than the table consents.
    window_days : int
        Days after a message in which a purchase counts as its conversion.
    max_in_7_days, max_in_28_days : dict of str to int
        Channel -> largest number of messages to one customer; `all` counts all channels together.
    quiet_hours : dict of str to list of str
        Channel -> local times from which and until which nothing is sent:
        `{sms = ["21:00", "08:00"]}`.
    margin : float
        Share of an order's amount that the shop earns.
    cost : dict of str to float
        Channel -> price of one message, in the shop's currency.
    fatigue : float
        Amount that each message of the last seven days takes off the worth of one more, in the
        shop's currency.
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

    @property
    def caps(self) -> dict[int, dict[str, int]]:
        """The frequency caps: days -> channel -> largest number of messages."""
        return {7: self.max_in_7_days, 28: self.max_in_28_days}


class CustomerSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[customers]`: attributes that never change.

    Attributes
    ----------
    static : list of str
        Columns of the table customers that may become features although the table has no
        `known_at` to say since when their values have held.
    """

    static: list[str] = []


class SensitiveSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[sensitive]`: additions to the built-in words that keep a category or attribute out.

    Attributes
    ----------
    words : list of str
        Further words.
    allow : list of str
        Names that are let in although a word is in them.
    """

    words: list[str] = []
    allow: list[str] = []


class StoreSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[store]`: where the history store is.

    Attributes
    ----------
    url : str or None
        Address of a Redis server; None keeps the store in a file of the workspace.
    """

    url: str | None = None


class JournalSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[journal]`: where posted rows are written down.

    Attributes
    ----------
    url : str or None
        Address of a PostgreSQL database; None keeps the journal in a file of the workspace.
    complete : bool
        The shop posts all its rows, so that the absence of posts means that nothing happened.
    """

    url: str | None = None
    complete: bool = False


class DecisionSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[decisions]`: how much decisions explore, and where they are written down.

    Attributes
    ----------
    explore : float
        Share of the decisions that are drawn at random, every eligible arm with equal chance.
    control : float
        Share of the decisions that are held out: no message.
    floor : float
        Smallest chance of every eligible arm; more decisions are drawn at random if it takes that.
    method : {"epsilon", "thompson"}
        How the remaining decisions choose: the recommended arm always, or each arm as often as it
        may be the best.
    url : str or None
        Address of a PostgreSQL database; None keeps the decisions in a file of the workspace.
    """

    explore: float = 0.10
    control: float = 0.0
    floor: float = 0.02
    method: Literal["epsilon", "thompson"] = "epsilon"
    url: str | None = None


class ShopFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All of `nextbuy.toml`; `tables` is the only section that every shop needs."""

    tables: dict[str, TableSource]
    shop: ShopSection = ShopSection()
    channels: ChannelSection = ChannelSection()
    customers: CustomerSection = CustomerSection()
    contact_points: dict[str, int] = {}
    sensitive: SensitiveSection = SensitiveSection()
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()
    decisions: DecisionSection = DecisionSection()
