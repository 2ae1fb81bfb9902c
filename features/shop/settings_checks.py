"""Checks of the values in `nextbuy.toml`, once its sections and types are known to be right."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from features.contract.casts import names_equal_in_sql
from features.contract.tables import CUSTOMERS, TABLES_BY_NAME
from features.contract.value_format import EPOCHS, ValueFormat, instant_fault
from features.errors import Fault
from features.shop.contact_rules import ALL_CHANNELS
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import ChannelSection, DecisionSection, ShopFile, TableSource

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_INTERACTIONS = 100  # kinds that may have points; each is a branch of one SQL expression


def find_setting_faults(file: ShopFile) -> list[Fault]:
    """Return all faults of a shop's settings: values out of range, unknown tables and columns."""
    shop, channels = file.shop, file.channels
    checks = [
        (
            not _is_zone(shop.timezone),
            Fault(
                "shop.timezone", "an IANA zone", f"'{shop.timezone}'", "Set it as in Europe/Warsaw."
            ),
        ),
        (
            re.fullmatch("[A-Z]{3}", shop.currency) is None,
            Fault("shop.currency", "an ISO 4217 code", f"'{shop.currency}'", "Set it as in EUR."),
        ),
        _range_check("shop.horizon_days", shop.horizon_days, 7, 365),
        _range_check("shop.settle_days", shop.settle_days, 0, 365),
        _range_check("channels.window_days", channels.window_days, 1, 90),
        (
            shop.memory_gib is not None and not 0.1 <= shop.memory_gib <= 100_000,
            Fault("shop.memory_gib", "0.1 or more", str(shop.memory_gib), "Set it as in 4.0."),
        ),
        _range_check("shop.reuse_hours", shop.reuse_hours, 0, 720, "hours"),
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
    faults += _cap_faults(channels) + _quiet_faults(channels) + _worth_faults(channels)
    faults += _costs_without_amounts(file)
    faults += _table_faults(file.tables) + _profile_faults(file) + _cluster_faults(file)
    return faults + _decision_faults(file.decisions)


def _cap_faults(channels: ChannelSection) -> list[Fault]:
    """Return the faults of frequency caps: of something that is no channel, or of less than 1."""
    capped = [
        (f"channels.max_in_{days}_days.{channel}", channel, most)
        for days, by_channel in channels.caps.items()
        for channel, most in by_channel.items()
    ]
    faults = [
        _no_channel(name, f"a channel, or {ALL_CHANNELS}") for name, c, _ in capped if _is_none(c)
    ]
    return faults + [
        Fault(name, "1 message or more", str(most), "Leave it out where there is no cap.")
        for name, _, most in capped
        if most < 1
    ]


def _quiet_faults(channels: ChannelSection) -> list[Fault]:
    """Return the faults of quiet hours: not two different times, or of no channel."""
    quiet = [(f"channels.quiet_hours.{c}", c, times) for c, times in channels.quiet_hours.items()]
    faults = [
        _no_channel(name, "a channel")
        for name, channel, _ in quiet
        if _is_none(channel) or channel.lower() == ALL_CHANNELS
    ]
    return faults + [
        Fault(
            name,
            "two different local times, from and until",
            str(times),
            'Write it as in ["21:00", "08:00"].',
        )
        for name, _, times in quiet
        if len(set(times)) != 2 or len(times) != 2 or not all(map(_TIME.fullmatch, times))
    ]


def _worth_faults(channels: ChannelSection) -> list[Fault]:
    """Return the faults of a message's worth: a margin that is no share, prices below zero."""
    prices = {f"channels.cost.{c}": cost for c, cost in channels.cost.items()}
    faults = [_no_channel(f"channels.cost.{c}", "a channel") for c in channels.cost if _is_none(c)]
    if not 0 < channels.margin <= 1:
        share, got = "a share of the amount, above 0 and at most 1", str(channels.margin)
        faults.append(Fault("channels.margin", share, got, "Set it as in 0.35."))
    return faults + [
        Fault(name, "an amount of 0 or more", str(price), "Leave it out where it costs nothing.")
        for name, price in (prices | {"channels.fatigue": channels.fatigue}).items()
        if not 0 <= price < float("inf")
    ]


def _costs_without_amounts(file: ShopFile) -> list[Fault]:
    """Return the faults of costs in a shop whose orders have no amounts to set against them."""
    orders, channels = file.tables.get("orders"), file.channels
    if orders is None or orders.has_amounts:
        return []
    given = {"channels.cost": channels.cost, "channels.fatigue": channels.fatigue}
    return [
        Fault(
            name, "no costs where orders have no amounts", str(value),
            "Leave it out: a purchase cannot be weighed against money.",
        )
        for name, value in given.items()
        if value
    ]  # fmt: skip


def _is_none(channel: str) -> bool:
    return channel.lower() == "none"


def _no_channel(name: str, expected: str) -> Fault:
    return Fault(name, expected, f"'{name.rpartition('.')[2]}'", "Name each channel by itself.")


def _profile_faults(file: ShopFile) -> list[Fault]:
    """Return the faults of static attributes (not in the contract) and of points (below zero)."""
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
        Fault(
            f"contact_points.{name}",
            "points of 0 or more",
            str(points),
            "Set 0 for an interaction that earns no points.",
        )
        for name, points in file.contact_points.items()
        if points < 0
    ]


def _cluster_faults(file: ShopFile) -> list[Fault]:
    """Return the fault of an attribute by which draws cannot go, because no history holds it."""
    name = file.channels.cluster_by
    if name is None:
        return []
    column = CUSTOMERS.column(name)
    if column is None or column.kind != "text" or name == "source":
        expected, remedy = "a text column of customers", "Name one, as in attr_household."
    elif "customers" not in file.tables:
        expected, remedy = "a shop that gives the table customers", "Add [tables.customers]."
    elif find_sensitive_names([CUSTOMERS.held_as(name)], file.sensitive):
        expected = "an attribute that is not sensitive"
        remedy = "Rename the column, or list it in sensitive.allow."
    else:
        return []
    return [Fault("channels.cluster_by", expected, f"'{name}'", remedy)]


def _decision_faults(decisions: DecisionSection) -> list[Fault]:
    """Return the faults of the shares in `[decisions]`: out of range, or more than 1 together."""
    limits = {"explore": 1.0, "control": 0.5, "floor": 0.1}
    faults = [
        Fault(f"decisions.{name}", f"a share of 0 to {most:g}", f"{share:g}", "Set it as in 0.05.")
        for name, most in limits.items()
        if not 0 <= (share := getattr(decisions, name)) <= most
    ]
    both = decisions.explore + decisions.control
    if not faults and both > 1:
        faults.append(
            Fault(
                "decisions",
                "explore and control of 1 together",
                f"{both:g}",
                "Lower one of the two.",
            )
        )
    return faults


def _range_check(
    name: str, value: float, low: int, high: int, unit: str = "days"
) -> tuple[bool, Fault]:
    fault = Fault(name, f"{low} to {high} {unit}", str(value), "Choose one in that range.")
    return not low <= value <= high, fault


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name != "localtime"  # which differs from machine to machine


def _table_faults(tables: dict[str, TableSource]) -> list[Fault]:
    faults = [_unknown_table(name) for name in tables if name not in TABLES_BY_NAME]
    for name in tables.keys() & TABLES_BY_NAME.keys():
        columns = tables[name].mapping
        faults += _origin_faults(name, tables[name]) + _format_faults(name, tables[name])
        faults += _file_faults(name, tables[name])
        faults += _order_faults(name, tables[name])
        faults += [
            _unknown_column(name, c) for c in columns if TABLES_BY_NAME[name].column(c) is None
        ]
    return faults


def _origin_faults(name: str, source: TableSource) -> list[Fault]:
    """Return a fault if a table is said to come from nowhere, or from two places at once."""
    origins = [o for o in ("path", "database", "database_env") if getattr(source, o) is not None]
    wanted = [w for w in ("table", "query") if getattr(source, w) is not None]
    if origins == ["path"] and wanted in (
        [["query"]] if isinstance(source.path, dict) else ([], ["query"])
    ):
        return []
    if len(origins) == 1 and origins != ["path"] and len(wanted) == 1:
        return []
    return [
        Fault(
            f"tables.{name}",
            "a path, with or without a query, or a database (database or database_env) with a "
            "table or a query",
            " and ".join(origins + wanted) or "none of them",
            "Name one place from which the table is read.",
        )
    ]


def _order_faults(name: str, source: TableSource) -> Iterator[Fault]:
    """Yield what is wrong with the settings of a table whose orders lack an id or an amount."""
    without = {"order_id": source.order_per is not None, "amount": not source.has_amounts}
    settings = {"order_id": "order_per", "amount": "has_amounts"}
    for column in (column for column, lacks in without.items() if lacks):
        where = f"tables.{name}.{settings[column]}"
        if name != "orders":
            yield Fault(where, "a setting of the table orders", f"tables.{name}", "Leave it out.")
        elif column in source.mapping:
            yield Fault(
                where, f"no {column} among the columns", f"'{source.mapping[column]}'",
                f"Leave the setting out, or take {column} out of columns.",
            )  # fmt: skip


def _file_faults(name: str, source: TableSource) -> Iterator[Fault]:
    """Yield what is wrong with the settings of a table's CSV files."""
    if source.encoding is not None and not _is_encoding(source.encoding):
        yield Fault(
            f"tables.{name}.encoding", "the name of an encoding", f"'{source.encoding}'",
            "Set it as in windows-1250, windows-1252 or utf-16.",
        )  # fmt: skip
    if source.delimiter is not None and len(source.delimiter) != 1:
        yield Fault(
            f"tables.{name}.delimiter", "one sign", f"'{source.delimiter}'", "Set it as in ';'."
        )
    if repeated := names_equal_in_sql(source.header or []):
        yield Fault(
            f"tables.{name}.columns", "each column once, in upper or lower case",
            " and ".join(repeated), "Give the others names of their own.",
        )  # fmt: skip
    given = [part for part in ("encoding", "delimiter", "header") if getattr(source, part)]
    if given and source.path is None:
        yield Fault(
            f"tables.{name}", "encoding, delimiter and a list of columns for CSV files only",
            "a database", "Leave them out.",
        )  # fmt: skip


def _is_encoding(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)
    except LookupError:
        return False


def _format_faults(name: str, source: TableSource) -> list[Fault]:
    """Return the faults of the formats of a table's values."""
    where = f"tables.{name}.formats"
    faults = [
        replace(_unknown_column(name, c), where=f"{where}.{c}")
        for c in source.formats
        if TABLES_BY_NAME[name].column(c) is None
    ]
    declared = {f"tables.{name}.format": source.format}
    declared |= {f"{where}.{column}": how for column, how in source.formats.items()}
    return faults + [fault for at, how in declared.items() for fault in _value_faults(at, how)]


def _value_faults(where: str, how: ValueFormat) -> Iterator[Fault]:
    """Yield what is wrong with the format of some values."""
    if how.instant is not None and (wrong := instant_fault(how.instant)) is not None:
        yield Fault(
            f"{where}.instant", "a date by the directives of strftime, or " + ", ".join(EPOCHS),
            f"'{how.instant}': {wrong}", "Write it as in '%d.%m.%Y %H:%M'.",
        )  # fmt: skip
    if how.timezone is not None and not _is_zone(how.timezone):
        yield Fault(f"{where}.timezone", "an IANA zone", f"'{how.timezone}'", "Set it as in UTC.")
    if how.decimal not in (None, ".", ","):
        yield Fault(f"{where}.decimal", "'.' or ','", f"'{how.decimal}'", "Set it to one of them.")
    if how.thousands is not None and (
        len(how.thousands) != 1 or how.thousands.isalnum() or how.thousands in (how.decimal or ".")
    ):
        yield Fault(
            f"{where}.thousands", "one sign other than the decimal sign", f"'{how.thousands}'",
            "Set decimal too: with decimal = ',' it may be '.'.",
        )  # fmt: skip


def _unknown_table(name: str) -> Fault:
    return Fault(
        f"tables.{name}",
        "one of " + ", ".join(TABLES_BY_NAME),
        f"'{name}'",
        "Correct the section's name.",
    )


def _unknown_column(table: str, column: str) -> Fault:
    names = ", ".join(c.name for c in TABLES_BY_NAME[table].columns)
    return Fault(
        f"tables.{table}.columns.{column}",
        f"a column of the contract ({names})",
        f"'{column}'",
        "The contract's name stands left of the equals sign, the shop's right.",
    )
