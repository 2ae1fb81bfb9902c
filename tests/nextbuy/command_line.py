"""What the tests of the commands write and call."""

from pathlib import Path
from typing import Protocol


class RunCommand(Protocol):
    """Runs `nextbuy` with the arguments given; returns the exit code, stdout and stderr."""

    def __call__(self, *arguments: str) -> tuple[int, str, str]: ...


def write_tiny_shop(folder: Path, *instants: str) -> Path:
    """Write a shop with one order of one customer at each instant; returns its nextbuy.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{number},c,{instant},1" for number, instant in enumerate(instants)]
    text = "\n".join(["order_id,customer_id,ordered_at,amount", *lines, ""])
    (folder / "orders.csv").write_text(text)
    (folder / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    return folder / "nextbuy.toml"
