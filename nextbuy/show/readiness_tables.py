"""Makes the readiness report of `nextbuy check` and shows it in the terminal or as JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console, Group, JustifyMethod
from rich.markup import escape
from rich.table import Table

from features.contract.tables import TABLES_BY_NAME
from features.errors import Fault, InputError
from features.log.log import Log, read_valid_tables
from features.readiness.coverage import Lateness, TableCoverage
from features.readiness.finding import LEVELS, Finding, finding_from_fault, sort_findings
from features.readiness.readiness import Readiness, examine_log
from features.readiness.suggestions import Suggestions
from features.shop.shop import Shop
from training.channel.draws.drawn_messages import read_drawn_messages
from training.data_support import Support, assess


class ReadinessReport(msgspec.Struct, frozen=True):
    """The report on whether a shop's data are ready to be used, and for which predictions.

    Its fields, and those of the structs in it, are the keys of the JSON.

    Attributes
    ----------
    shop : str
        Name of the shop.
    errors, warnings, advice : int
        Number of findings of each level; with an error no other command runs.
    tables : list of Coverage
        What each table covers; those that do not keep the contract are left out.
    findings : list of Finding
        All findings, the gravest first.
    support : list of Support
        What can be predicted; empty where there are errors.
    suggestions : Suggestions or None
        Settings that suit the data; None where a table does not keep the contract.
    kept_out : list of Finding
        Sensitive categories and attributes, which become neither features nor reasons.
    """

    shop: str
    errors: int
    warnings: int
    advice: int
    tables: list[TableCoverage]
    findings: list[Finding]
    support: list[Support]
    suggestions: Suggestions | None
    kept_out: list[Finding]


def report_on(shop: Shop) -> ReadinessReport:
    """Report on a shop; a table that breaks the contract is a finding and raises no error."""
    try:
        return make_report(*read_valid_tables(shop))
    except InputError as error:  # the log could not be opened at all
        findings = [finding_from_fault(fault) for fault in error.faults]
        return _report(shop, Readiness([], findings, None, []))


def make_report(log: Log, faults: Sequence[Fault] = ()) -> ReadinessReport:
    """Report what is wrong or odd in a log and what can be predicted from it.

    Parameters
    ----------
    log : Log
        The log, with the tables that keep the contract.
    faults : sequence of Fault
        What is wrong with the tables that do not keep the contract.

    Returns
    -------
    ReadinessReport
        Findings, the coverage of each table, suggested settings, and the predictions that the
        data supports; without the latter where a finding is an error.
    """
    readiness = examine_log(log, faults)
    report = _report(log.shop, readiness)
    if report.errors:
        return report
    # the latest draws are checked too, from which no training before the holdout learns
    of_draws = read_drawn_messages(log, log.observed_until).findings
    findings = sort_findings([*readiness.findings, *of_draws])
    report = _report(log.shop, msgspec.structs.replace(readiness, findings=findings))
    return msgspec.structs.replace(report, support=assess(log))


def _report(shop: Shop, readiness: Readiness) -> ReadinessReport:
    findings = readiness.findings
    errors, warnings, advice = (sum(f.level == level for f in findings) for level in LEVELS)
    return ReadinessReport(
        shop.section.name,
        errors,
        warnings,
        advice,
        tables=readiness.tables,
        findings=findings,
        support=[],
        suggestions=readiness.suggestions,
        kept_out=readiness.kept_out,
    )


def to_json(report: ReadinessReport) -> str:
    """Write the report as indented JSON, with the fields of `ReadinessReport` as keys."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


_COLOURS = {
    "error": "red",
    "warning": "yellow",
    "advice": "cyan",
    "supported": "green",
    "low_data": "yellow",
    "not_possible": "red",
}


def show_report(console: Console, report: ReadinessReport) -> None:
    """Show the report: tables, findings, what can be predicted, and suggested settings."""
    console.print(_headline(report))
    if report.tables:
        console.print(_tables(report.tables))
        if missing := _not_given(report.tables):
            console.print(f"  [dim]not given: {missing}[/dim]\n")
    for title, findings in (("findings", report.findings), ("kept out", report.kept_out)):
        if findings:
            console.print(_findings(title, findings))
    if report.support:
        console.print(_support(report.support))
    if report.suggestions is not None:
        console.print(Group(*_suggestions(report.suggestions)))
    if report.errors:
        unread = "".join(f"{name}, " for name in _not_examined(report))
        console.print(
            f"Not examined until the errors are put right: {unread}what can be predicted."
        )


def show_next_command(console: Console, report: ReadinessReport, shop: Path) -> None:
    """Show which command comes next, and which prints the lines that would put things right."""
    option = "" if shop == Path("nextbuy.toml") else f" --shop {shop}"
    has_lines = any(finding.lines for finding in report.findings)
    if has_lines:
        console.print(
            f"nextbuy.toml with the proposed lines: nextbuy check --suggest{option}",
            soft_wrap=True, highlight=False, markup=False,
        )  # fmt: skip
    again = f"put the errors right, then nextbuy check{option}"
    following = again if report.errors else f"nextbuy train{option}"
    console.print(f"next: {following}", soft_wrap=True, highlight=False, markup=False)


def _not_examined(report: ReadinessReport) -> list[str]:
    """Name the tables whose errors kept them from being examined."""
    examined = {table.table for table in report.tables}
    faulty = {part for f in report.findings if f.level == "error" for part in f.where.split(".")}
    return [name for name in TABLES_BY_NAME if name in faulty - examined]


def _headline(report: ReadinessReport) -> str:
    counts = [
        f"[{_COLOURS[level]}]{n} {level}{'s' * (n > 1 and level != 'advice')}[/]"
        for level, n in zip(LEVELS, (report.errors, report.warnings, report.advice), strict=True)
        if n
    ]
    kept = (
        "not every table keeps the contract" if report.errors else "every table keeps the contract"
    )
    return f"[bold]{escape(report.shop)}[/bold]: {', '.join([kept, *counts])}"


def _grid(title: str, *columns: str, right: Sequence[str] = (), whole: int = 2) -> Table:
    """Make an empty table whose first `whole` columns are never broken into lines."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, name in enumerate(columns):
        justify: JustifyMethod = "right" if name in right else "left"
        table.add_column(name, justify=justify, no_wrap=number < whole, overflow="fold")
    return table


def _tables(tables: Sequence[TableCoverage]) -> Table:
    late = any(table.lateness for table in tables)
    numbers = ("rows", "days", "gap\nd") + ("late", "99 %\nin d") * late
    names = ("table", "rows", "from", "to", *numbers[1:])
    grid = _grid("tables", *names, right=numbers, whole=0)
    grid.pad_edge, grid.collapse_padding = False, True  # so that it fits into 80 characters
    for table in tables:
        grid.add_row(
            table.table,
            f"{table.rows:,}",
            (table.first_at or "")[:10],
            (table.last_at or "")[:10],
            "" if table.days_covered is None else f"{table.days_covered:,}",
            "" if table.largest_gap_days is None else f"{table.largest_gap_days:,}",
            *(_lateness(table.lateness) if late else ()),
        )
    return grid


def _lateness(lateness: Lateness | None) -> tuple[str, str]:
    if lateness is None:
        return "", ""
    return _percent(lateness.late_share), f"{lateness.days_99:.1f}"


def _not_given(tables: Sequence[TableCoverage]) -> str:
    """List by table the optional columns that the shop does not give."""
    missing = {table.table: ", ".join(_missing_columns(table)) for table in tables}
    return "; ".join(f"{table} {names}" for table, names in missing.items() if names)


def _missing_columns(table: TableCoverage) -> Iterator[str]:
    for column in TABLES_BY_NAME[table.table].columns:
        if not any(column is TABLES_BY_NAME[table.table].column(name) for name in table.columns):
            yield column.name + "..." * column.pattern


def _findings(title: str, findings: Sequence[Finding]) -> Table:
    grid = _grid(title, "level", "where", "rows", "what, and what to do", right=("rows",), whole=1)
    for finding in findings:
        share = "" if finding.share is None else f"\n{_percent(finding.share)}"
        examples = escape(", ".join(finding.examples))
        shown = [escape(finding.what), f"[dim]as {examples}[/dim]", escape(finding.remedy)]
        grid.add_row(
            _coloured(finding.level),
            escape(finding.where),
            "" if finding.count is None else f"{finding.count:,}{share}",
            "\n".join(shown if examples else shown[::2]),
        )
    return grid


def _support(supports: Sequence[Support]) -> Table:
    grid = _grid("what the data can support", "prediction", "", "rests on", "missing")
    for support in supports:
        verdict = _coloured(support.verdict)
        grid.add_row(
            support.prediction, verdict, escape(support.basis), escape("\n".join(support.missing))
        )
    return grid


def _suggestions(suggestions: Suggestions) -> Iterator[str]:
    yield "[bold]settings[/bold]"
    s = suggestions
    if s.horizon_days is None:
        yield f"  horizon_days (now {s.horizon_days_now}): {s.gaps} gaps are too few to suggest one"
    else:
        yield (
            f"  horizon_days = {s.horizon_days} (now {s.horizon_days_now}): closes 85 % of "
            f"{s.gaps:,} gaps between purchases, of up to {s.watched_days} days"
        )
    if s.settle_days is None:
        yield f"  settle_days (now {s.settle_days_now}): no known_at of orders to suggest one from"
    else:
        yield (
            f"  settle_days = {s.settle_days} (now {s.settle_days_now}): 99.5 % of the orders are "
            "known by then"
        )


def _coloured(word: str) -> str:
    return f"[{_COLOURS[word]}]{word.replace('_', ' ')}[/]"


def _percent(share: float) -> str:
    """Write a share as a percentage, so that a small share is not shown as 0 %.

    >>> [_percent(share) for share in (0, 0.0001, 0.034, 1)]
    ['0 %', '<0.1 %', '3.4 %', '100 %']
    """
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.{0 if share in (0, 1) else 1}f} %"
