"""Keeps the record of each trial in a file, so that a benchmark goes on where it stopped."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from rich.console import Console

from benchmarks.rows import RESULTS

T = TypeVar("T")


@dataclass(frozen=True)
class KeptRecords:
    """The records of trials in a folder, each a JSON file.

    Attributes
    ----------
    folder : Path
        Where the files are; `benchmarks/results/channel` without another.
    most_seeds : int or None
        Largest number of seeds of any trial; None where a trial's own number holds.
    """

    folder: Path = RESULTS / "channel"
    most_seeds: int | None = None

    def forget(self, name: str) -> None:
        """Delete the records below a folder, with all that is kept beside them."""
        if (self.folder / name).exists():
            shutil.rmtree(self.folder / name)

    def of_seeds(self, folder: str, count: int, make: Callable[[int], T], kind: type[T]) -> list[T]:
        """Read the record of each seed of a trial, or run the trial where there is none.

        Parameters
        ----------
        folder : str
            Folder of the records, such as `no_effect`.
        count : int
            Number of seeds, of which `most_seeds` at most are run.
        make : callable
            Runs the trial with a seed.
        kind : type
            Type of the records.

        Returns
        -------
        list of objects of type `kind`
            One for each seed.
        """
        seeds = range(count if self.most_seeds is None else min(count, self.most_seeds))
        return [self.read_or_make(f"{folder}/{seed}", partial(make, seed), kind) for seed in seeds]

    def read_or_make(self, name: str, make: Callable[[], T], kind: type[T]) -> T:
        """Read a record; if there is none, run its trial and keep the record.

        Parameters
        ----------
        name : str
            Path of the record below the folder without its ending, such as `no_effect/3`.
        make : callable
            Runs the trial; it may keep tables in the folder `name`, beside the record.
        kind : type
            Type of the record, which msgspec can write.

        Returns
        -------
        object of type `kind`
        """
        path = self.folder / f"{name}.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=kind)
        start = time.monotonic()
        record = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded = msgspec.json.encode(record, enc_hook=_as_python)
        text = msgspec.json.format(encoded, indent=1)
        write_whole(path, lambda part: part.write_bytes(text + b"\n"))
        Console(stderr=True).print(f"{name}: {time.monotonic() - start:.0f} s", highlight=False)
        return record


def _as_python(value: np.generic) -> object:
    """Turn a number of numpy, which msgspec does not know, into one of Python."""
    return value.item()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name first, so that a stopped process leaves no part of it.

    Parameters
    ----------
    path : Path
        The file.
    write : callable
        Writes a file to the path that it is given.
    """
    part = path.with_name(f"{path.name}.part")
    write(part)
    os.replace(part, path)
