"""Options that several commands share, functions that read their values, and the terminal."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from features.log.log import Log

console = Console()

DEFAULT_SHOP = Path("nextbuy.toml")
ShopOption = Annotated[
    Path, typer.Option("--shop", help="Read the shop that this nextbuy.toml describes.")
]
CutoffOption = Annotated[
    str | None,
    typer.Option(
        help="Use only what was known until this cutoff: a date (until its end, in local time), an "
        "instant, or `end` for the end of the data."
    ),
]


def read_log_of(shop: Path) -> "Log":
    """Read the log of the shop whose nextbuy.toml `--shop` names; say so if copies are used."""
    from features.log.log import read_log
    from features.shop.shop import read_shop
    from nextbuy.show.kept import describe_reused

    log = read_log(read_shop(shop))
    if log.reused_from is not None:
        # to stderr: what a command prints may be read by a program
        typer.echo(describe_reused(log.reused_from, time.time_ns() // 1000), err=True)
    return log


def read_cutoff_of(log: "Log", cutoff: str | None) -> int | None:
    """Return the instant that `--cutoff` names, in microseconds UTC; None where it is left out."""
    from features.log.log_cutoffs import resolve_cutoff

    return None if cutoff is None else resolve_cutoff(log, cutoff)
