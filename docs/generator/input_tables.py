"""The page of the input tables, from the contract that a shop's data is checked against."""

from docs.generator.markdown import MADE, write_table
from features.contract.tables import KIND_DESCRIPTIONS, TABLES, Column, Table

_HEAD = """\
# Input tables

Only `orders` is required. A table or an optional column that a shop does not give takes with it
what would be computed from it; nothing is filled in its place. `nextbuy.toml` maps the shop's own
names onto these ([settings](nextbuy-toml.md)).

Every row has two clocks: when it **happened**, and when it was **known**. Features, models and
answers read what was known at their instant and nothing later. The column *known from* says which
instant that is for a value:

- *the row*: `known_at` of the row or, without that column, the instant at which the row happened;
- *itself*: the value is an instant that comes after the row, such as a click, and is known from
  that instant or from the row's, whichever is later;
- *the name of a column*: the value came with that instant, as a click's revenue comes with the
  click."""


def write_input_tables() -> str:
    """Write every table and column of the contract, its kind, its meaning and its clock."""
    kinds = write_table(
        ["kind", "what is read"], [(f"`{k}`", what) for k, what in KIND_DESCRIPTIONS.items()]
    )
    parts = [MADE, _HEAD, "## Kinds of values", kinds]
    return "\n\n".join(parts + [_write_section(table) for table in TABLES]) + "\n"


def _write_section(table: Table) -> str:
    facts = [f"- One row is {table.grain}."]
    facts.append(f"- {_happened(table)}")
    if table.key:
        facts.append(f"- Rows are told apart by {', '.join(f'`{name}`' for name in table.key)}.")
    rows = [_describe(table, column) for column in table.columns]
    columns = write_table(["column", "kind", "required", "known from", "meaning"], rows)
    return "\n\n".join([f"## {table.name}", "\n".join(facts), columns])


def _happened(table: Table) -> str:
    """Say when a row happened; tables without an instant are read with others."""
    if table.happened == "known_at":
        return "It holds from its `known_at` until a later row of the same key is known."
    if table.happened is not None:
        return f"It happened at `{table.happened}`."
    belongs = table.column("order_id") is not None
    return "It happens and is known with its order." if belongs else "It holds at all times."


def _describe(table: Table, column: Column) -> tuple[str, ...]:
    """Describe a column: its name, its kind, whether it is required, its clock, its meaning."""
    name = f"{column.name}<name>" if column.pattern else column.name
    meaning = column.description + ("; upper and lower case are the same" if column.folded else "")
    if column.minimum is not None:
        meaning += f"; at least {column.minimum:g}"
    required = "yes" if column.required else ""
    return f"`{name}`", column.kind, required, _known_from(table, column), meaning


def _known_from(table: Table, column: Column) -> str:
    if column.known_with is not None:
        return f"`{column.known_with}`"
    return "itself" if column.name in table.late_instants else "the row"
