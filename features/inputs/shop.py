"""One shop's `nextbuy.toml`: where its tables are, what its columns are called, how it sells."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from features.inputs.contract import BY_NAME, CUSTOMERS
from features.inputs.faults import Fault, InputError, refuse

# Currencies whose minor unit is not a hundredth (ISO 4217).
_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}

# Points of the contact score by kind of interaction; an event type that is not here has none.
CONTACT_POINTS = {
    "purchase": 10,
    "return": 0,
    "cart": 3,
    "checkout": 4,
    "view": 1,
    "search": 1,
    "wishlist": 2,
    "visit": 1,
    "review": 3,
    "opened": 1,
    "clicked": 3,
    "unsubscribed": 0,
}


_INTERACTIONS = 100  # that may have points: each one is a branch of an expression


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
    """`[channels]`: what the shop decides about contacting its customers."""

    default_order: list[str] = []
    assume_consent: list[str] = []
    window_days: int = 7


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


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    tables: dict[str, TableSource]
    shop: ShopSection = ShopSection()
    channels: ChannelSection = ChannelSection()
    customers: CustomerSection = CustomerSection()
    contact_points: dict[str, int] = {}
    sensitive: SensitiveSection = SensitiveSection()
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()


class Shop(msgspec.Struct, frozen=True):
    """A shop's settings, checked.

    Attributes
    ----------
    root : Path
        Folder of `nextbuy.toml`; the paths in it are relative to this folder.
    static : list of str
        Columns of customers that hold for all time, where the table has no `known_at`.
    contact_points : dict of str to int
        What an interaction of each kind adds to the contact score.
    """

    root: Path
    section: ShopSection
    channels: ChannelSection
    tables: dict[str, TableSource]
    static: list[str]
    contact_points: dict[str, int]
    sensitive: SensitiveSection
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of naive times, weekdays and same-day merging."""
        return ZoneInfo(self.section.timezone)

    @property
    def workspace(self) -> Path:
        """Folder for what Nextbuy writes: MLflow database, feature files, history store."""
        return self.root / self.section.workspace

    @property
    def minor_digits(self) -> int:
        """Decimals of the currency: money is held as integers of this unit."""
        return _MINOR_DIGITS.get(self.section.currency, 2)

    @property
    def tracking_uri(self) -> str:
        """The shop's own MLflow database."""
        return f"sqlite:///{(self.workspace / 'mlflow.db').resolve()}"


def read_shop(path: str | Path) -> Shop:
    """Read and check `nextbuy.toml`.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or has a setting that is unknown or out of range.
    """
    path = Path(path)
    if not path.is_file():
        raise refuse(
            str(path),
            "a nextbuy.toml",
            "a folder" if path.is_dir() else "no such file",
            "Give its path with --shop, or write one: the README shows the smallest.",
        )
    try:
        file = msgspec.toml.decode(path.read_text(encoding="utf-8-sig"), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refuse(
            str(path), "settings as in the README", str(error), "Correct that entry."
        ) from None
    faults = list(_setting_faults(file))
    if faults:
        raise InputError(faults)
    return Shop(
        root=path.parent.resolve(),
        section=file.shop,
        channels=_fold(file.channels),
        tables=file.tables,
        static=[CUSTOMERS.held_as(name) for name in file.customers.static],
        contact_points=CONTACT_POINTS | {n.lower(): p for n, p in file.contact_points.items()},
        sensitive=file.sensitive,
        store=file.store,
        journal=file.journal,
    )


def _fold(channels: ChannelSection) -> ChannelSection:
    """Hold channels in lower case, as the contract holds them in the tables."""
    return msgspec.structs.replace(
        channels,
        default_order=[channel.lower() for channel in channels.default_order],
        assume_consent=[channel.lower() for channel in channels.assume_consent],
    )


def _setting_faults(file: _File) -> list[Fault]:
    shop, channels = file.shop, file.channels
    checks = [
        (
            not _is_zone(shop.timezone),
            Fault("shop.timezone", "an IANA zone", f"'{shop.timezone}'", "As in Europe/Warsaw."),
        ),
        (
            re.fullmatch("[A-Z]{3}", shop.currency) is None,
            Fault("shop.currency", "an ISO 4217 code", f"'{shop.currency}'", "As in EUR."),
        ),
        _range_check("shop.horizon_days", shop.horizon_days, 7, 365),
        _range_check("shop.settle_days", shop.settle_days, 0, 365),
        _range_check("channels.window_days", channels.window_days, 1, 90),
        (
            shop.memory_gib is not None and not 0.1 <= shop.memory_gib <= 100_000,
            Fault("shop.memory_gib", "0.1 or more", str(shop.memory_gib), "As in 4.0."),
        ),
        (
            bool(channels.assume_consent) and "consents" in file.tables,
            Fault(
                "channels.assume_consent",
                "nothing where the shop gives consents",
                str(channels.assume_consent),
                "Take it out: the table consents says who has consented.",
            ),
        ),
        (
            "orders" not in file.tables,
            Fault(
                "tables.orders",
                "the shop's orders",
                "no such section",
                "Add [tables.orders] with the path of the files.",
            ),
        ),
    ]
    faults = [fault for broken, fault in checks if broken]
    return faults + _table_faults(file.tables) + _profile_faults(file)


def _profile_faults(file: _File) -> list[Fault]:
    """Find static attributes that the contract does not know, and points below zero."""
    keys = ("customer_id", "known_at", "source")
    faults = [
        Fault(
            "customers.static",
            "columns of customers other than " + ", ".join(keys),
            f"'{name}'",
            "Name attributes that never change, as in country.",
        )
        for name in file.customers.static
        if name in keys or CUSTOMERS.column(name) is None
    ]
    if len(file.contact_points) > _INTERACTIONS:
        faults.append(
            Fault(
                "contact_points",
                f"at most {_INTERACTIONS} kinds of interaction",
                str(len(file.contact_points)),
                "Give points to those that matter.",
            )
        )
    return faults + [
        Fault(f"contact_points.{name}", "points of 0 or more", str(points), "Give 0 for none.")
        for name, points in file.contact_points.items()
        if points < 0
    ]


def _range_check(name: str, value: int, low: int, high: int) -> tuple[bool, Fault]:
    fault = Fault(name, f"{low} to {high} days", str(value), "Choose one in that range.")
    return not low <= value <= high, fault


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name != "localtime"  # of whichever machine it runs on


def _table_faults(tables: dict[str, TableSource]) -> list[Fault]:
    faults = [_unknown_table(name) for name in tables if name not in BY_NAME]
    for name in tables.keys() & BY_NAME.keys():
        columns = tables[name].columns
        faults += _origin_faults(name, tables[name])
        faults += [_unknown_column(name, c) for c in columns if BY_NAME[name].column(c) is None]
    return faults


def _origin_faults(name: str, source: TableSource) -> list[Fault]:
    """Find a table of no origin or of two."""
    origins = [o for o in ("path", "database", "database_env") if getattr(source, o) is not None]
    wanted = [w for w in ("table", "query") if getattr(source, w) is not None]
    if len(origins) == 1 and len(wanted) == (0 if origins == ["path"] else 1):
        return []
    return [
        Fault(
            f"tables.{name}",
            "a path, or a database (database or database_env) with a table or a query",
            " and ".join(origins + wanted) or "none of them",
            "Say in one way where the table is.",
        )
    ]


def _unknown_table(name: str) -> Fault:
    return Fault(
        f"tables.{name}",
        "one of " + ", ".join(BY_NAME),
        f"'{name}'",
        "Correct the section's name.",
    )


def _unknown_column(table: str, column: str) -> Fault:
    names = ", ".join(c.name for c in BY_NAME[table].columns)
    return Fault(
        f"tables.{table}.columns.{column}",
        f"a column of the contract ({names})",
        f"'{column}'",
        "The contract's name stands left of the equals sign, the shop's right.",
    )
