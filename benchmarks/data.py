"""Finds the real data sets of the benchmarks, none of which stands in the repository."""

import os
from pathlib import Path

from features.errors import NextbuyError

DATA = "NEXTBUY_BENCH_DATA"


def data_folder(name: str) -> Path:
    """Return the folder of one real data set.

    Parameters
    ----------
    name : str
        Name of the folder within the one that the environment variable `NEXTBUY_BENCH_DATA` names.

    Returns
    -------
    Path

    Raises
    ------
    NextbuyError
        The folder is not on this machine.
    """
    folder = Path(os.environ.get(DATA, "")) / name
    if DATA not in os.environ or not folder.is_dir():
        raise NextbuyError(f"{DATA} must name a folder with {name}/ in it")
    return folder
