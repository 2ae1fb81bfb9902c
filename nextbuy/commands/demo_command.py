"""Commands that write a shop to try Nextbuy on: `demo` and `simulate`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import console
from nextbuy.simulator.profiles import ProfileName

app = typer.Typer()


class DemoShop(StrEnum):
    """Names of the shops that the demo can run on."""

    cdnow = "cdnow"
    simulated = "simulated"


@app.command()
def demo(
    shop: Annotated[
        DemoShop | None, typer.Option(help="Run the demo on this shop only; default: on both.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Write the shops into this folder.")] = Path("demo"),
    keep_serving: Annotated[
        bool, typer.Option(help="Leave the service of the last shop running when the demo ends.")
    ] = False,
) -> None:
    """Go from an order log to served predictions, for real purchases (CDNOW) and simulated ones."""
    from nextbuy.demo.demo import run_demo

    run_demo(console, folder, [shop.value] if shop else list(DemoShop), keep_serving)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Write the shop into this folder.")],
    customers: Annotated[
        int, typer.Option(min=100, help="Simulate this number of customers.")
    ] = 5000,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Draw the shop from this seed; the same seed writes the same shop again."
        ),
    ] = 7,
    profile: Annotated[
        ProfileName,
        typer.Option(
            help="Simulate this kind of shop: dense is a grocery whose customers buy often, sparse "
            "sells gifts and furniture, where most customers buy once."
        ),
    ] = ProfileName.dense,
) -> None:
    """Write a simulated shop: tables, nextbuy.toml, and the hidden truth about customers."""
    from nextbuy.simulator.simulator import simulate_shop

    config = simulate_shop(folder, customers, seed, profile)
    console.print(f"simulated shop written to {config.parent}", soft_wrap=True)
