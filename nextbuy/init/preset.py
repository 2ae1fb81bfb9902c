"""Reads the presets: one file of SQL for each shop system, with its settings in comments.

A file begins with a comment in TOML that says what the system exports (`Preset`). Then comes, for
each table of the contract, a comment in TOML (`PresetTable`) and the query that makes the table.
In a query `{name}` stands for a table of the export, for a column that an export may lack, or, as
`{exported_at}`, for the day of the export. Lines and returns of orders that are left out need no
condition of their own: the log leaves them out.
"""

import re
from importlib.resources import files

import msgspec

from features.contract.value_format import PLAIN, ValueFormat
from features.errors import refuse

_PRESETS = files("nextbuy.init") / "presets"
_COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)


class PresetSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A table of a system's export.

    Attributes
    ----------
    columns : list of str
        Columns by which it is known, and which its queries read.
    optional : dict of str to str
        Columns that an export may lack, and what follows then.
    table : str or None
        End of its name in the system's database; a prefix may stand before it.
    without : str or None
        What follows if it is not given; None where it has to be.
    """

    columns: list[str]
    optional: dict[str, str] = {}
    table: str | None = None
    without: str | None = None


class PresetTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a table of the contract is made.

    Attributes
    ----------
    table : str
        The table of the contract.
    query : str
        The SELECT that makes it.
    says : str
        What a reader of nextbuy.toml should know about it.
    uses : list of str
        Optional columns without which the table is not made.
    leave_out, format, formats
        As in nextbuy.toml.
    """

    table: str
    query: str = ""
    says: str = ""
    uses: list[str] = []
    leave_out: dict[str, str] = {}
    format: ValueFormat = PLAIN
    formats: dict[str, ValueFormat] = {}


class Preset(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What Nextbuy knows of the exports of one shop system.

    Attributes
    ----------
    title : str
        Name of the system.
    needs : str
        What has to be given.
    sources : dict of str to PresetSource
        The tables of its export.
    tables : list of PresetTable
        The tables of the contract that are made of them.
    missing : dict of str to str
        Tables of the contract that no export of it holds, and what follows.
    files_only : bool
        Whether the queries are of files and not of a database.
    by_email : bool
        Whether a customer is an e-mail address.
    local_times : bool
        Whether its times are local and without a zone.
    timezone, currency : str or None
        Where every shop of the system has the same.
    """

    title: str
    needs: str
    sources: dict[str, PresetSource]
    tables: list[PresetTable] = []
    missing: dict[str, str] = {}
    files_only: bool = False
    by_email: bool = False
    local_times: bool = False
    timezone: str | None = None
    currency: str | None = None


def list_presets() -> list[str]:
    """Return the names of the systems that have a preset."""
    return sorted(file.name.removesuffix(".sql") for file in _PRESETS.iterdir())


def read_preset(name: str) -> Preset:
    """Read the preset of a system.

    Raises
    ------
    InputError
        There is none of that name.
    """
    if name not in list_presets():
        raise refuse(
            "--from", f"one of {', '.join(list_presets())}", f"'{name}'",
            "For another system give its files without --from.",
        )  # fmt: skip
    text = (_PRESETS / f"{name}.sql").read_text(encoding="utf-8")
    _, head, _, *parts = _COMMENT.split(text)
    tables = [
        msgspec.structs.replace(msgspec.toml.decode(about, type=PresetTable), query=query.strip())
        for about, query in zip(parts[::2], parts[1::2], strict=True)
    ]
    return msgspec.structs.replace(msgspec.toml.decode(head, type=Preset), tables=tables)
