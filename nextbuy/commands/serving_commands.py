"""Answers of the champions: from a service, or at once."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import DEFAULT_SHOP, ShopOption, console

app = typer.Typer()

AsOfOption = Annotated[
    str | None, typer.Option(help="Instant that the answers speak of; default: now.")
]


@app.command()
def serve(
    shop: ShopOption = DEFAULT_SHOP,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
) -> None:
    """Serve answers, reasons, decisions, events; OpenAPI at /docs.json, metrics at /metrics."""
    from serving.http.server import serve_command, serve_environment

    environment = serve_environment(shop)
    command = serve_command(host, port)
    os.execve(command[0], command, environment)  # one process, so that a signal reaches it


@app.command()
def predict(
    customer_ids: Annotated[list[str], typer.Argument(help="Customers to answer for.")],
    shop: ShopOption = DEFAULT_SHOP,
    as_of: AsOfOption = None,
) -> None:
    """Answer for some customers as JSON, without a running service."""
    from serving.bulk.offline import predict_offline

    response = predict_offline(shop, customer_ids, as_of)
    console.print_json(response.model_dump_json())
    if all(answer.status == "unavailable" for answer in response.answers):
        raise typer.Exit(1)


@app.command()
def explain(
    customer_ids: Annotated[list[str], typer.Argument(help="Customers to explain; up to 20.")],
    shop: ShopOption = DEFAULT_SHOP,
    as_of: AsOfOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As POST /v1/explain replies.")] = False,
) -> None:
    """Say what raises and what lowers each customer's chance to buy again, and how soon."""
    from nextbuy.show.answer_tables import show_explanations
    from serving.bulk.offline import explain_offline

    response = explain_offline(shop, customer_ids, as_of)
    if as_json:
        console.print_json(response.model_dump_json())
    else:
        show_explanations(console, response.model_dump(mode="json"))
    if all(explanation.status == "unavailable" for explanation in response.explanations):
        raise typer.Exit(1)


@app.command()
def decide(
    campaign: Annotated[str, typer.Option(help="The campaign; it is written down.")],
    audience: Annotated[Path, typer.Option(help="CSV or Parquet with a column customer_id.")],
    out: Annotated[Path, typer.Option(help="Where the decisions go: .csv or .parquet.")],
    shop: ShopOption = DEFAULT_SHOP,
    key: Annotated[
        str | None,
        typer.Option(
            help="Names the occasion; asked again with it, the decisions are the same. "
            "Default: the campaign."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Only where the shop is a simulation: what is now.")
    ] = None,
) -> None:
    """Decide through which channel to ask each customer of an audience.

    The decisions are written down; exit code 1 if there was nothing to decide with.
    """
    from nextbuy.show.answer_tables import show_decisions
    from serving.bulk.audience import decide_audience

    decided = decide_audience(
        shop, audience, out, campaign, campaign if key is None else key, as_of
    )
    show_decisions(console, decided)
    console.print(f"{len(decided):,} rows written to {out}")
    if len(decided) and (decided["status"] == "unavailable").all():
        raise typer.Exit(1)
