"""Adds the lines that findings propose to a `nextbuy.toml`, whose comments and order stay."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import tomlkit
from tomlkit import TOMLDocument

from features.readiness.finding import Finding
from features.readiness.suggestions import Suggestions
from features.setting_line import SettingLine

_INDENT = "#   "


def suggest_shop(text: str, findings: Sequence[Finding], suggestions: Suggestions | None) -> str:
    """Return the settings with the lines added that put errors and warnings right.

    A line is added where it is the only one that its finding proposes. Everything else, such as
    lines of which one has to be chosen, stands in comments at the end.

    Parameters
    ----------
    text : str
        The `nextbuy.toml` as it is.
    findings : sequence of Finding
        What `nextbuy check` has found.
    suggestions : Suggestions or None
        Horizon and settle time that suit the log.
    """
    certain = [f for f in findings if f.level != "advice" and len(f.lines) == 1]
    open_ones = [f for f in findings if f.lines and f not in certain]
    comments = [*_describe_choices(open_ones), *_describe_suggestions(suggestions)]
    added = add_lines(text, [finding.lines[0] for finding in certain]).rstrip("\n")
    return "\n".join([added, "", *comments] if comments else [added]) + "\n"


def add_lines(text: str, lines: Sequence[SettingLine]) -> str:
    """Return settings with lines added to their sections; comments and order stay."""
    document = tomlkit.parse(text)
    for line in lines:
        _add(document, line)
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def _add(document: TOMLDocument, proposed: SettingLine) -> None:
    """Add a line to its section, which is made where it is not there."""
    section: MutableMapping[str, Any] = document
    for name in proposed.section.split("."):
        if name not in section:
            section[name] = tomlkit.table()
        section = section[name]
    _merge(section, tomlkit.parse(f"{proposed.line}\n"))


def _merge(section: MutableMapping[str, Any], added: Mapping[str, Any]) -> None:
    """Add settings to a section: tables are merged, lists joined, other values replaced."""
    for name, value in added.items():
        if isinstance(value, Mapping) and name in section:
            _merge(section[name], value)
        elif isinstance(value, list) and name in section:
            section[name].extend(entry for entry in value if entry not in section[name])
        else:
            section[name] = value


def _describe_choices(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield comments with the lines that may be added, behind what was found."""
    for finding in findings:
        what = " ".join(finding.what.split())
        yield f"# {finding.where}: {what}. Could be added:"
        yield from (f"{_INDENT}{line}" for line in finding.lines)


def _describe_suggestions(suggestions: Suggestions | None) -> Iterator[str]:
    """Yield comments with the settings that suit the log, where they are not those in force."""
    if suggestions is None:
        return
    suiting = {
        "horizon_days": (suggestions.horizon_days, suggestions.horizon_days_now),
        "settle_days": (suggestions.settle_days, suggestions.settle_days_now),
    }
    for name, (suggested, now) in suiting.items():
        if suggested not in (None, now):
            yield f"# What suits the log (now {now}):"
            yield f"{_INDENT}{SettingLine('shop', f'{name} = {suggested}')}"
