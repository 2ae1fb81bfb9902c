"""Examines a shop's log: what is odd in it, what it covers, and which settings suit it."""

from collections.abc import Iterator, Sequence

import msgspec

from features.builds.shop_catalog import read_catalog
from features.contract.tables import TABLES_BY_NAME, Table
from features.errors import Fault, InputError
from features.log.history_tables import sensitive_categories
from features.log.log import Log
from features.readiness.clocks import clock_probes, find_spikes
from features.readiness.coverage import (
    DailyRows,
    TableCoverage,
    count_days,
    find_gaps,
    find_partial_end,
    find_shifts,
    measure_coverage,
)
from features.readiness.feed_ends import find_feed_end
from features.readiness.finding import Finding, finding_from_fault, sort_findings
from features.readiness.idle_columns import find_idle_columns
from features.readiness.left_out_rows import find_left_out
from features.readiness.odd_contents import content_probes
from features.readiness.person_ids import find_id_variants, find_one_order_each
from features.readiness.probes import run_probes
from features.readiness.stray_orders import find_stray_orders
from features.readiness.suggestions import Suggestions, suggest_settings
from features.setting_line import SettingLine
from features.shop.contact_rules import ALL_CHANNELS
from features.shop.sensitive_words import find_sensitive_names

_STEADY = ("orders", "returns", "events", "messages")  # a shop has some of them every month
_FEEDS = ("events", "messages")  # of which an end before the orders' is no rhythm of the shop's


class Readiness(msgspec.Struct, frozen=True):
    """The readiness report of a log.

    Attributes
    ----------
    tables : list of TableCoverage
        What each table covers.
    findings : list of Finding
        Errors first, then warnings, then advice.
    suggestions : Suggestions or None
        Settings that suit the log; None where the log has faults.
    kept_out : list of Finding
        Sensitive categories and attributes, which become neither features nor reasons.
    """

    tables: list[TableCoverage]
    findings: list[Finding]
    suggestions: Suggestions | None
    kept_out: list[Finding]


def examine_log(log: Log, faults: Sequence[Fault] = ()) -> Readiness:
    """Examine every table of a log.

    Parameters
    ----------
    log : Log
        The tables that keep the contract.
    faults : sequence of Fault
        Faults of the tables that do not keep it and are not in the log.
    """
    tables = []
    findings = [*map(finding_from_fault, faults), *_find_missing(log), *_find_unsent(log)]
    for name in log.provided:
        table = TABLES_BY_NAME[name]
        days = count_days(log, table)
        coverage = measure_coverage(log, table, days)
        tables.append(coverage)
        findings += _find(log, table, days, coverage)
    suggestions = None
    if "orders" in log.provided:
        findings += [
            *find_stray_orders(log),
            *find_id_variants(log),
            *find_one_order_each(log),
        ]
    if not faults:
        findings += _find_clashes(log)
        lateness = next(coverage.lateness for coverage in tables if coverage.table == "orders")
        suggestions = suggest_settings(log, lateness)
    return Readiness(tables, sort_findings(findings), suggestions, list(_find_sensitive(log)))


def _find_clashes(log: Log) -> list[Finding]:
    """Find channels, stores and attributes whose names would make two features of one name."""
    try:
        read_catalog(log, log.observed_until)
    except InputError as error:
        return [finding_from_fault(fault) for fault in error.faults]
    return []


def _find_sensitive(log: Log) -> Iterator[Finding]:
    """Find names that are too personal for features, with the word that shows it."""
    categories = sensitive_categories(log.connection, log.shop, log.provided)
    columns = log.provided.get("customers", frozenset())
    for where, names in (
        ("products.category", categories),
        ("customers", find_sensitive_names(sorted(columns), log.shop.sensitive)),
    ):
        for name, word in names.items():
            yield Finding(
                "advice",
                where,
                f"'{name}' is kept out of features and reasons for the word '{word}'",
                None,
                None,
                [name],
                "If it is harmless, allow it: [sensitive] allow in nextbuy.toml.",
                [SettingLine("sensitive", f"allow = {msgspec.json.encode([name]).decode()}")],
            )


def _find_unsent(log: Log) -> Iterator[Finding]:
    """Find settings of channels that no message names, which may be mistyped."""
    if "messages" not in log.provided:
        return
    sent = {
        c for (c,) in log.connection.execute("SELECT DISTINCT channel FROM messages").fetchall()
    }
    section = log.shop.channels
    settings = {f"max_in_{days}_days": list(caps) for days, caps in section.caps.items()}
    settings["quiet_hours"] = list(section.quiet_hours)
    for name, channels in settings.items():
        if unsent := sorted(set(channels) - sent - {ALL_CHANNELS}):
            yield Finding(
                "warning",
                f"channels.{name}",
                "channels of nextbuy.toml that no message names",
                None,
                None,
                unsent,
                "Write them as in messages: as they stand they hold for nothing.",
            )


def _find(
    log: Log, table: Table, days: DailyRows | None, coverage: TableCoverage
) -> Iterator[Finding]:
    yield from run_probes(log, table.name, [*clock_probes(log, table), *content_probes(log, table)])
    yield from find_left_out(log, table.name)
    yield from find_spikes(log, table)
    yield from find_idle_columns(log, table)
    if coverage.duplicates:
        yield _duplicates(table, coverage)
    if days is None:
        return
    if table.name in _STEADY:
        yield from find_shifts(table.name, days)
    if table.name in _FEEDS:
        yield from find_feed_end(log, table.name, days)
    if table.name == "orders":
        yield from find_gaps(table.name, days)
        yield from find_partial_end(table.name, days)


def _duplicates(table: Table, coverage: TableCoverage) -> Finding:
    """Make the finding of repeated rows; an event without an id is counted twice."""
    return Finding(
        "warning" if table.name == "events" else "advice",
        table.name,
        "rows that repeat another one in every column",
        coverage.duplicates,
        coverage.duplicates / coverage.rows,
        [],
        "Give event_id, or export each event once: it counts as often as it is there."
        if table.name == "events"
        else "Export each row once.",
    )


def _find_missing(log: Log) -> Iterator[Finding]:
    if "currency" not in log.provided.get("orders", {"currency"}):
        yield Finding(
            "advice",
            "orders.currency",
            f"not given; all amounts are read as {log.shop.section.currency}",
            None,
            None,
            [],
            "Give it, so that a second currency is noticed.",
        )
