"""Shops to try Nextbuy on: the demo, and a simulated one."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import console
from nextbuy.simulator.profiles import ProfileName

app = typer.Typer()


class DemoShop(StrEnum):
    """The shops of the demo."""

    cdnow = "cdnow"
    simulated = "simulated"


@app.command()
def demo(
    shop: Annotated[DemoShop | None, typer.Option(help="Only this shop; default: both.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the shops are written.")] = Path("demo"),
    keep_serving: Annotated[bool, typer.Option(help="Leave the last service running.")] = False,
) -> None:
    """Do the main job on real purchases (CDNOW) and on a simulated shop, from log to answers."""
    from nextbuy.demo.demo import run_demo

    run_demo(console, folder, [shop.value] if shop else list(DemoShop), keep_serving)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write the shop.")],
    customers: Annotated[int, typer.Option(min=100, help="How many customers.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another shop.")] = 7,
    profile: Annotated[
        ProfileName,
        typer.Option(help="A grocery bought from often, or gifts and furniture, mostly once."),
    ] = ProfileName.dense,
) -> None:
    """Write a simulated shop with all tables, its nextbuy.toml and its hidden truth."""
    from nextbuy.simulator.simulator import simulate_shop

    config = simulate_shop(folder, customers, seed, profile)
    console.print(f"simulated shop written to {config.parent}", soft_wrap=True)
