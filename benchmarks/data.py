"""Where the benchmarks' real data are; none of it stands in the repository."""

import os
from pathlib import Path

from features.errors import NextbuyError

DATA = "NEXTBUY_BENCH_DATA"


def data_folder(name: str) -> Path:
    """Give the folder of one data set; a clear error where it is not on this machine."""
    folder = Path(os.environ.get(DATA, "")) / name
    if DATA not in os.environ or not folder.is_dir():
        raise NextbuyError(f"{DATA} must name a folder with {name}/ in it")
    return folder
