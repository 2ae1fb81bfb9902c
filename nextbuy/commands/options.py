"""What several commands share: their options, what these stand for, and the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from features.log.log import Log

console = Console()

DEFAULT_SHOP = Path("nextbuy.toml")
ShopOption = Annotated[Path, typer.Option("--shop", help="Path of the shop's nextbuy.toml.")]
CutoffOption = Annotated[
    str | None,
    typer.Option(
        help="Last instant known: a date (its end, local time), an instant, or `end` of the data."
    ),
]


def read_log_of(shop: Path) -> "Log":
    """Read the log of the shop that `--shop` names."""
    from features.log.log import read_log
    from features.shop.shop import read_shop

    return read_log(read_shop(shop))


def read_cutoff_of(log: "Log", cutoff: str | None) -> int | None:
    """Read what `--cutoff` says of a log; None where it is left out."""
    from features.log.log import resolve_cutoff

    return None if cutoff is None else resolve_cutoff(log, cutoff)
