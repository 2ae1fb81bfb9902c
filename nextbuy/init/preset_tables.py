"""Makes the tables of a shop from a preset and from what the shop gives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from features.errors import refuse
from features.shop.settings_file import SOURCE, TableSource
from nextbuy.init.given_tables import GivenTable, join_parts
from nextbuy.init.preset import Preset, PresetSource, PresetTable
from nextbuy.init.shop_draft import TableDraft

_PLACE = re.compile(r'\{(?:(\w+\.)?(\w+)|"([^"{}]+)")\}')  # {name}, {alias.name} or {"name"}
_EXPORTED = "exported_at"


def match_sources(
    name: str, preset: Preset, given: Sequence[GivenTable]
) -> dict[str, GivenTable | None]:
    """Return the given table of each source of a preset; None for one that may be missing.

    Parameters
    ----------
    name : str
        Name of the preset; errors show it.
    preset : Preset
        The preset.
    given : sequence of GivenTable
        What the shop gives.

    Raises
    ------
    InputError
        A source that is needed is not given, or several tables of a database could be it.
    """
    if preset.files_only:
        given = [table for table in given if table.path is not None]
    matched = {
        source: _match(name, source, about, given) for source, about in preset.sources.items()
    }
    for source, about in preset.sources.items():
        if matched[source] is None and about.without is None:
            raise refuse(
                f"--from {name}",
                f"its {source}: a table with the columns {', '.join(about.columns)}",
                _nearest(about, given), f"{preset.title} needs {preset.needs}.",
            )  # fmt: skip
    return matched


def find_gaps(preset: Preset, matched: Mapping[str, GivenTable | None]) -> list[str]:
    """Return what is not given of a system's export, and what that costs."""
    gaps: list[str] = []
    for name, about in preset.sources.items():
        given = matched[name]
        if given is None:
            gaps.append(f"{about.table or name}: {about.without}")
            continue
        gaps += [
            f"{given.name}.{column}: {cost}"
            for column, cost in about.optional.items()
            if not given.has([column])
        ]
    return gaps


def make_tables(preset: Preset, matched: Mapping[str, GivenTable | None]) -> list[TableDraft]:
    """Make the sections of all tables for which the sources are given."""
    writer = _QueryWriter(preset, matched)
    return [writer.draft(table) for table in preset.tables if writer.can_be_made(table)]


def _match(
    name: str, source: str, about: PresetSource, given: Sequence[GivenTable]
) -> GivenTable | None:
    """Return the given table that is a source; parts of one export are taken together."""
    fitting = [
        table
        for table in given
        if table.has(about.columns) and table.name.lower().endswith(about.table or "")
    ]
    if not fitting:
        return None
    if any(table.path is None for table in fitting) and len(fitting) > 1:
        raise refuse(
            f"--from {name}", f"one table of {source}", ", ".join(table.name for table in fitting),
            "Give a user who sees the tables of one shop only.",
        )  # fmt: skip
    return join_parts(fitting)


def _nearest(about: PresetSource, given: Sequence[GivenTable]) -> str:
    """Say what the given table that fits best lacks."""
    if not given:
        return "nothing that could hold it"
    lacking = [([c for c in about.columns if not table.has([c])], table) for table in given]
    missing, nearest = min(lacking, key=lambda pair: len(pair[0]))
    if not missing:
        return f"{nearest.name}, which is not called {about.table}"
    return f"{nearest.name} without {', '.join(missing)}"


@dataclass(frozen=True)
class _QueryWriter:
    """Fills the queries of a preset with the names of what is given.

    Attributes
    ----------
    preset : Preset
        The preset.
    matched : mapping of str to GivenTable or None
        Source -> the table that is it.
    """

    preset: Preset
    matched: Mapping[str, GivenTable | None]

    def can_be_made(self, table: PresetTable) -> bool:
        """Tell whether a table is made: the orders always, others where what they read is given.

        A table of several like parts (`UNION ALL`) is made where one of them is given.
        """
        if table.table == "orders":
            return True
        read = [self.matched[name] is not None for name in self._sources(table.query)]
        some = any(read) if table.table == "events" else all(read)
        return some and all(self._is_given(column) for column in table.uses)

    def draft(self, table: PresetTable) -> TableDraft:
        """Make the section of a table."""
        given = {name: self.matched[name] for name in self._sources(table.query)}
        there = {name: source for name, source in given.items() if source is not None}
        first = next(iter(there.values()))
        views = {
            name: (SOURCE if len(there) == 1 else name) if source.path else source.name
            for name, source in there.items()
        }
        paths = {views[name]: source.path for name, source in there.items() if source.path}
        settings = TableSource(
            path=paths.get(SOURCE, paths) if paths else None,
            database=first.source.get("database"),
            database_env=first.source.get("database_env"),
            encoding=first.encoding,
            query=self._fill(table.query, views, first),
            leave_out=table.leave_out,
            format=table.format,
            formats=table.formats,
        )
        return TableDraft(table.table, settings, table.says)

    def _fill(self, query: str, views: Mapping[str, str], first: GivenTable) -> str:
        """Return a query with the names of what is given in the places of its own."""

        def name_of(place: re.Match[str]) -> str:
            alias, bare, quoted = place.groups()
            name = quoted or bare
            if name == _EXPORTED:
                exported_at = datetime.fromtimestamp(int(first.changed_at), UTC)
                return f"'{exported_at:%Y-%m-%dT%H:%M:%SZ}'"
            if name in self.preset.sources:
                return views.get(name) or self._empty_sql(name)
            if self._is_given(name):
                return f'"{quoted}"' if quoted else f"{alias or ''}{bare}"
            return "CAST(NULL AS VARCHAR)" if first.path else "NULL"

        return _PLACE.sub(name_of, query)

    def _empty_sql(self, name: str) -> str:
        """Return the SQL of a source that is not given: its columns, and no row."""
        columns = ", ".join(f'NULL AS "{c}"' for c in self.preset.sources[name].columns)
        return f"(SELECT {columns} WHERE FALSE)"

    def _sources(self, query: str) -> list[str]:
        names = [place[2] for place in _PLACE.finditer(query)]
        return list(dict.fromkeys(name for name in names if name in self.preset.sources))

    def _is_given(self, column: str) -> bool:
        """Tell whether the export has a column that it may lack."""
        return any(
            given is not None and given.has([column])
            for name, given in self.matched.items()
            if column in self.preset.sources[name].optional
        )
