"""A shop: the settings of its `nextbuy.toml`, read and checked."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from features.contract.currency import Currency
from features.contract.tables import CUSTOMERS, Table
from features.errors import InputError, refuse
from features.shop.contact_rules import ContactRules
from features.shop.folded_ids import Fold
from features.shop.settings_checks import find_setting_faults
from features.shop.settings_file import (
    ChannelSection,
    DecisionSection,
    JournalSection,
    SensitiveSection,
    ShopFile,
    ShopSection,
    StoreSection,
    TableSource,
)

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


class Shop(msgspec.Struct, frozen=True):
    """The checked settings of one shop.

    Attributes
    ----------
    root : Path
        Folder of `nextbuy.toml`; the paths in it are relative to this folder.
    section : ShopSection
        The section `[shop]`.
    channels : ChannelSection
        The section `[channels]`, its channels in lower case.
    tables : dict of str to TableSource
        Table of the contract -> where its rows come from.
    static : list of str
        Columns of customers whose values hold for all time although no `known_at` says so.
    fold : {"none", "case", "plus_tag"}
        Which customer ids are one.
    contact_points : dict of str to int
        Kind of interaction -> points that it adds to the contact score.
    sensitive, store, journal, decisions
        The sections of these names.
    """

    root: Path
    section: ShopSection
    channels: ChannelSection
    tables: dict[str, TableSource]
    static: list[str]
    fold: Fold
    contact_points: dict[str, int]
    sensitive: SensitiveSection
    store: StoreSection = StoreSection()
    journal: JournalSection = JournalSection()
    decisions: DecisionSection = DecisionSection()

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of naive times, of local days and of weekdays."""
        return ZoneInfo(self.section.timezone)

    @property
    def rules(self) -> ContactRules:
        """Rules that say when and how often a customer may be contacted."""
        return ContactRules.of(self.channels, self.timezone)

    @property
    def workspace(self) -> Path:
        """Folder for what Nextbuy writes: MLflow's database, feature files, the history store."""
        return self.root / self.section.workspace

    @property
    def currency(self) -> Currency:
        """Currency of all amounts."""
        return Currency(self.section.currency)

    @property
    def minor_digits(self) -> int:
        """Number of decimals of the currency: money is held as whole numbers of its minor unit."""
        return self.currency.minor_digits

    def contract_of(self, table: Table) -> Table:
        """Return the contract of a table; amounts of orders are optional if the shop has none."""
        source = self.tables.get(table.name)
        if source is None or source.has_amounts:
            return table
        columns = (replace(c, required=c.required and c.name != "amount") for c in table.columns)
        return replace(table, columns=tuple(columns))

    @property
    def tracking_uri(self) -> str:
        """Address of the shop's own MLflow database."""
        return f"sqlite:///{(self.workspace / 'mlflow.db').resolve()}"


def read_shop(path: str | Path) -> Shop:
    """Read and check the settings of a shop.

    Parameters
    ----------
    path : str or Path
        The file `nextbuy.toml`.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or has settings that are unknown or out of range; all
        settings out of range are in one error.
    """
    path = Path(path)
    if not path.is_file():
        raise refuse(
            str(path),
            "a nextbuy.toml",
            "a folder" if path.is_dir() else "no such file",
            "Give its path with --shop, or write one: docs/how-to/own-data.md shows the smallest.",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_settings(path, error) from None
    return parse_shop(text, path)


def parse_shop(text: str, path: Path) -> Shop:
    """Read and check settings that need not be in their file yet.

    Parameters
    ----------
    text : str
        The settings, in TOML.
    path : Path
        The file that they are of.

    Raises
    ------
    InputError
        As of `read_shop`.
    """
    try:
        file = msgspec.toml.decode(text, type=ShopFile)
    except msgspec.DecodeError as error:
        raise _no_settings(path, error) from None
    if faults := find_setting_faults(file):
        raise InputError(faults)
    return Shop(
        root=path.parent.resolve(),
        section=file.shop,
        channels=_fold(file.channels),
        tables=file.tables,
        static=[CUSTOMERS.held_as(name) for name in file.customers.static],
        fold=file.customers.fold,
        contact_points=CONTACT_POINTS | {n.lower(): p for n, p in file.contact_points.items()},
        sensitive=file.sensitive,
        store=file.store,
        journal=file.journal,
        decisions=file.decisions,
    )


def _no_settings(path: Path, error: Exception) -> InputError:
    """Return the error that a file holds no settings."""
    return refuse(
        str(path),
        "settings as in docs/reference/nextbuy-toml.md",
        str(error),
        "Correct that entry.",
    )


def _fold(channels: ChannelSection) -> ChannelSection:
    """Return the section with its names in lower case, as the tables hold them."""
    return msgspec.structs.replace(
        channels,
        default_order=[channel.lower() for channel in channels.default_order],
        assume_consent=[channel.lower() for channel in channels.assume_consent],
        max_in_7_days={c.lower(): most for c, most in channels.max_in_7_days.items()},
        max_in_28_days={c.lower(): most for c, most in channels.max_in_28_days.items()},
        quiet_hours={c.lower(): hours for c, hours in channels.quiet_hours.items()},
        cost={c.lower(): cost for c, cost in channels.cost.items()},
        cluster_by=channels.cluster_by and CUSTOMERS.held_as(channels.cluster_by),
    )
