"""Copies of CSV files that DuckDB cannot read as they are, made once their rows are read."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from features.contract.tables import Table
from features.shop.settings_file import TableSource
from features.sources.csv_files import CsvHead, copy_plain


@dataclass(frozen=True)
class PlainCopies:
    """The copies that a table needs; none is made where a kept copy of the table is used.

    Attributes
    ----------
    folder : Path
        Where the copies are put, for as long as the log.
    """

    folder: Path
    _waiting: list[Callable[[], None]] = field(default_factory=list)

    def plan(
        self, table: Table, source: TableSource, file: Path, root: Path, head: CsvHead
    ) -> Path:
        """Return where the copy of a file will be; until `make` is called it is empty.

        Parameters
        ----------
        table, source, file, head
            As of `copy_plain`.
        root : Path
            Folder that the names of files are relative to.
        """
        copy = self.folder / "plain" / table.name / os.path.relpath(file, root).replace("..", "_")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
        self._waiting.append(partial(copy_plain, table, source, file, head, copy))
        return copy

    def make(self) -> None:
        """Make the copies that were planned.

        Raises
        ------
        InputError
            As of `copy_plain`.
        """
        while self._waiting:
            self._waiting.pop()()
