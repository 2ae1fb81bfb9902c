"""The pages of the shop systems, one for each preset of `nextbuy init --from`."""

from collections.abc import Iterator

from docs.generator.markdown import MADE, write_table
from nextbuy.init.preset import Preset, PresetSource, PresetTable, list_presets, read_preset

_PLACES = """\
In the queries of the pages `{name}` stands for a table of the export, or for a column that it may
lack; in the `nextbuy.toml` that is written stands what was given."""
_RULES = """\
These rules hold for all systems:

- The customer is the e-mail address, without blanks and in lower case, where the system has one.
- The amount is what was paid: net of discount, with tax, without shipping.
- Tests, drafts and what was never paid are left out, each by a condition with a name;
  `nextbuy check` says how many rows each has left out. Lines and returns go with their orders.
- A cancelled order stays, and counts until `cancelled_at`, where the export says when that was.
  Where it does not, the order is left out.
- An order that was refunded in full counts as cancelled from its last refund on, or is left out
  where the export does not say when.
- An order that was edited or exchanged counts as the export has it.
- Other refunds are rows of the table returns, or are taken off the amount where the export does not
  say when."""


def write_preset_index() -> str:
    """Write the page that lists the systems, with what each of them needs."""
    rows = [
        (f"[{preset.title}]({name}.md)", f"`--from {name}`", preset.needs)
        for name, preset in ((name, read_preset(name)) for name in list_presets())
    ]
    return "\n\n".join(
        [
            MADE,
            "# Shop systems",
            "`nextbuy init --from SYSTEM` writes the `nextbuy.toml` of a shop from the exports of "
            "these systems, with the queries that turn them into Nextbuy's own tables. The file is "
            "yours: change whatever your shop does otherwise.",
            write_table(["system", "option", "what to give"], rows),
            _RULES,
            _PLACES,
        ]
    ) + "\n"  # fmt: skip


def write_preset(name: str) -> str:
    """Write the page of one system: what it needs, and how each table is made."""
    preset = read_preset(name)
    given = "FILES" if preset.files_only else "env:SHOP_DSN"
    parts: list[str] = [
        MADE,
        f"# {preset.title}",
        f"```console\nnextbuy init --from {name} {given}\n```",
        f"Give {preset.needs}. [Shop systems](index.md) has the rules that hold for all of them.",
        "\n".join(_say_settings(preset)),
        "## What is read",
        write_table(
            ["table of the export", "columns that it needs", "if it is not given"],
            [_describe(source, about) for source, about in preset.sources.items()],
        ),
        *_optional_columns(preset),
        *(part for table in preset.tables for part in _describe_table(table)),
        *_missing(preset),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _say_settings(preset: Preset) -> Iterator[str]:
    """Yield what the export says, or does not say, of time zone and currency."""
    if preset.local_times:
        yield "- Its times are local: name the shop's zone, as in `--timezone Europe/Paris`."
    if preset.timezone is not None:
        yield f"- Its times are read in {preset.timezone}."
    if preset.currency is not None:
        yield f"- Its amounts are in {preset.currency}."
    if not preset.files_only:
        yield (
            "- A database is named by an environment variable that holds its address, such as "
            "`mysql://user:password@host/database`; the user needs the right to read and no other."
        )


def _describe(source: str, about: PresetSource) -> tuple[str, str, str]:
    columns = ", ".join(f"`{column}`" for column in about.columns)
    return f"`{about.table or source}`", columns, about.without or "nothing can be read"


def _optional_columns(preset: Preset) -> Iterator[str]:
    """Yield the table of columns that an export may lack."""
    rows = [
        (f"`{about.table or source}`", f"`{column}`", cost)
        for source, about in preset.sources.items()
        for column, cost in about.optional.items()
    ]
    if rows:
        yield "These columns may be missing:"
        yield write_table(["table of the export", "column", "without it"], rows)


def _describe_table(table: PresetTable) -> Iterator[str]:
    """Yield the section of a table: what is to know, what is left out, and the query."""
    yield f"## {table.table}"
    yield " ".join(table.says.split())
    if table.leave_out:
        rows = [(name, f"`{condition}`") for name, condition in table.leave_out.items()]
        yield write_table(["left out", "where"], rows)
    yield f"```sql\n{table.query}\n```"


def _missing(preset: Preset) -> Iterator[str]:
    if preset.missing:
        yield "## What it does not hold"
        yield "\n".join(f"- `{table}`: {cost}." for table, cost in preset.missing.items())
