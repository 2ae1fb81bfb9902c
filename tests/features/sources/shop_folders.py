"""Shops of a folder: read, refused, or used by a process of their own."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop

ROOT = Path(__file__).parents[3]
HEADER = "order_id,customer_id,ordered_at,amount\n"


def read_folder(folder: Path, tables: str) -> Log:
    """Write the tables' sections as `nextbuy.toml` and read the log."""
    (folder / "nextbuy.toml").write_text("[shop]\ntimezone = 'Europe/Berlin'\n" + tables)
    return read_log(read_shop(folder / "nextbuy.toml"))


def fault_of_folder(folder: Path, tables: str) -> str:
    """Return the error that refuses the tables; at most those without a fault are kept."""
    with pytest.raises(InputError) as caught:
        read_folder(folder, tables)
    assert {path.name for path in (folder / ".nextbuy").iterdir()} <= {"kept"}
    return str(caught.value)


def orders_section(path: str) -> str:
    """Return the section of orders in files."""
    return f"[tables.orders]\npath = '{path}'\n"


def run_with_shop(code: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own; `read_shop` and `read_log` are imported."""
    imports = "from features.log.log import read_log\nfrom features.shop.shop import read_shop"
    code = f"{imports}\n{code}"
    command = [sys.executable, "-c", code, str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def many_orders() -> pd.DataFrame:
    """Make so many orders that they do not fit into a small file."""
    rows = pd.DataFrame({"order_id": range(300_000)})
    frame = rows.assign(
        customer_id=[f"{hash((n, 'c')):x}" for n in rows.order_id],
        ordered_at="2024-01-05 10:00:00",
        amount=1,
    )
    frame.loc[0, "ordered_at"] = "2024-01-01 10:00:00"
    return frame
