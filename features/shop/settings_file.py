"""What `nextbuy.toml` may say, section by section."""

from typing import Literal

import msgspec


class TableSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where one table of the contract comes from: files, or a table or query of a database.

    Attributes
    ----------
    path : str or None
        A file, a glob or a folder.
    database, database_env : str or None
        A database's URL or file, or the environment variable that holds it.
    table, query : str or None
        What is read from the database.
    columns : dict of str to str
        The contract's column names to the shop's: `{customer_id = "cust_no"}`.
    """

    path: str | None = None
    database: str | None = None
    database_env: str | None = None
    table: str | None = None
    query: str | None = None
    columns: dict[str, str] = {}


class ShopSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[shop]`: what holds for all tables."""

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
    """`[channels]`: what the shop decides about contacting its customers.

    Attributes
    ----------
    default_order : list of str
        Arms in the order in which they are recommended while no effect of theirs is identified:
        the first that the customer may be sent, and `none` where there is none. `none` may
        stand in it, and what stands after it is then never recommended. Empty: the channels by
        their conversion, and `none` last. Once effects are identified it is not read.
    max_in_7_days, max_in_28_days : dict of str to int
        Most messages to one customer, by channel; `all` is over all channels together.
    quiet_hours : dict of str to list of str
        By channel the local times from which and until which nothing is sent:
        `{sms = ["21:00", "08:00"]}`.
    margin : float
        Share of an order's amount that is earned.
    cost : dict of str to float
        What one message costs, by channel, in the shop's currency.
    fatigue : float
        What each message of the last seven days takes off the worth of one more, likewise.
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
        """The most messages, by days and channel."""
        return {7: self.max_in_7_days, 28: self.max_in_28_days}


class CustomerSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[customers]`: attributes that never change.

    `static` lists the columns of the table customers that may be used although the table has
    no `known_at` to say since when they have held.
    """

    static: list[str] = []


class SensitiveSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[sensitive]`: words that keep a category or attribute out, and names let in all the same.

    Both empty: the built-in list alone counts.
    """

    words: list[str] = []
    allow: list[str] = []


class StoreSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[store]`: where the history store is; without an address a file of the workspace."""

    url: str | None = None


class JournalSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[journal]`: where posted rows are written down; without an address a file.

    `complete` says that the shop posts everything, so that silence is silence.
    """

    url: str | None = None
    complete: bool = False


class DecisionSection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[decisions]`: how much a decision explores, and where decisions are written down.

    Attributes
    ----------
    explore : float
        Share of the decisions that are drawn at random, every eligible arm alike.
    control : float
        Share that is held out: no message.
    floor : float
        Least chance of every eligible arm; more is drawn at random where it takes that.
    method : {"epsilon", "thompson"}
        What the rest gets: the recommended arm, or each arm as often as it may be the best.
    url : str or None
        A database; without one a file of the workspace.
    """

    explore: float = 0.10
    control: float = 0.0
    floor: float = 0.02
    method: Literal["epsilon", "thompson"] = "epsilon"
    url: str | None = None


class ShopFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file; `tables` is the only section that every shop needs."""

    tables: dict[str, TableSource]
    shop: ShopSection = ShopSection()
    channels: ChannelSection = ChannelSection()
    customers: CustomerSection = CustomerSection()
    contact_points: dict[str, int] = {}
    sensitive: SensitiveSection = SensitiveSection()
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()
    decisions: DecisionSection = DecisionSection()
