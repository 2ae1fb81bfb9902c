"""A shop: the settings of its `nextbuy.toml`, read and checked."""

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from features.contract.tables import CUSTOMERS
from features.errors import InputError, refuse
from features.shop.contact_rules import ContactRules
from features.shop.settings_checks import find_faults
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
    decisions: DecisionSection = DecisionSection()

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of naive times, weekdays and same-day merging."""
        return ZoneInfo(self.section.timezone)

    @property
    def rules(self) -> ContactRules:
        """When and how often a customer may be asked."""
        return ContactRules.of(self.channels, self.timezone)

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
            "Give its path with --shop, or write one: docs/how-to/own-data.md shows the smallest.",
        )
    try:
        file = msgspec.toml.decode(path.read_text(encoding="utf-8-sig"), type=ShopFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refuse(
            str(path),
            "settings as in docs/reference/nextbuy-toml.md",
            str(error),
            "Correct that entry.",
        ) from None
    if faults := find_faults(file):
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
        decisions=file.decisions,
    )


def _fold(channels: ChannelSection) -> ChannelSection:
    """Hold channels in lower case, as the contract holds them in the tables."""
    return msgspec.structs.replace(
        channels,
        default_order=[channel.lower() for channel in channels.default_order],
        assume_consent=[channel.lower() for channel in channels.assume_consent],
        max_in_7_days={c.lower(): most for c, most in channels.max_in_7_days.items()},
        max_in_28_days={c.lower(): most for c, most in channels.max_in_28_days.items()},
        quiet_hours={c.lower(): hours for c, hours in channels.quiet_hours.items()},
        cost={c.lower(): cost for c, cost in channels.cost.items()},
    )
