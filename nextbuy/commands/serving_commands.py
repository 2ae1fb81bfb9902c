"""Commands that answer with the champions: `serve`, `predict`, `explain` and `decide`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import DEFAULT_SHOP, ShopOption, console

app = typer.Typer()

AsOfOption = Annotated[
    str | None,
    typer.Option(help="Answer as of this instant, a date or a date and time; default: now."),
]

SendAtOption = Annotated[
    str | None,
    typer.Option(
        help="Send at this instant, a date and time from as-of on, at most 14 days after it; "
        "default: the first instant outside quiet hours."
    ),
]


@app.command()
def serve(
    shop: ShopOption = DEFAULT_SHOP,
    host: Annotated[str, typer.Option(help="Listen on this network address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Listen on this port.")] = 3000,
) -> None:
    """Start the HTTP service, which predicts, explains, decides and accepts new rows.

    The service describes itself as OpenAPI at /docs.json and shows its metrics at /metrics.
    """
    from serving.http.server import check_address, serve_command, serve_environment

    environment = serve_environment(shop)
    check_address(host, port)
    command = serve_command(host, port)
    os.execve(command[0], command, environment)  # one process, so that a signal reaches it


@app.command()
def predict(
    customer_ids: Annotated[
        list[str], typer.Argument(help="Predict for the customers with these ids.")
    ],
    shop: ShopOption = DEFAULT_SHOP,
    as_of: AsOfOption = None,
    send_at: SendAtOption = None,
) -> None:
    """Print predictions for some customers as JSON, without a running service.

    The exit code is 1 if no answer is available for any of them.
    """
    _import_what_reads_trees()
    from serving.bulk.offline import predict_offline

    response = predict_offline(shop, customer_ids, as_of, send_at)
    console.print_json(response.model_dump_json())
    if all(answer.status == "unavailable" for answer in response.answers):
        raise typer.Exit(1)


@app.command()
def explain(
    customer_ids: Annotated[
        list[str], typer.Argument(help="Explain the customers with these ids, at most 20.")
    ],
    shop: ShopOption = DEFAULT_SHOP,
    as_of: AsOfOption = None,
    send_at: SendAtOption = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the JSON with which POST /v1/explain of the service replies."
        ),
    ] = False,
) -> None:
    """Show what raises and what lowers each customer's chance to buy again, and to buy soon.

    The exit code is 1 if no explanation is available for any of them.
    """
    _import_what_reads_trees()
    from nextbuy.show.answer_tables import show_explanations
    from serving.bulk.offline import explain_offline

    response = explain_offline(shop, customer_ids, as_of, send_at)
    if as_json:
        console.print_json(response.model_dump_json())
    else:
        show_explanations(console, response.model_dump(mode="json"))
    if all(explanation.status == "unavailable" for explanation in response.explanations):
        raise typer.Exit(1)


@app.command()
def decide(  # noqa: PLR0913  each option of a command is an argument
    campaign: Annotated[
        str, typer.Option(help="Record the decisions under the name of this campaign.")
    ],
    audience: Annotated[
        Path,
        typer.Option(
            help="Decide for the customers in the column customer_id of this CSV or Parquet file."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Write the decisions to this file, a .csv or a .parquet.")
    ],
    shop: ShopOption = DEFAULT_SHOP,
    key: Annotated[
        str | None,
        typer.Option(
            help="Name the occasion by this key; another run with the same campaign and key "
            "returns the same decisions. Default: the name of the campaign."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Decide as of this instant; only a shop whose nextbuy.toml says "
            "`simulated = true` accepts it. Default: now."
        ),
    ] = None,
    send_at: SendAtOption = None,
) -> None:
    """Choose for each customer of an audience the channel of a message, or no message.

    The decisions are written to a file and recorded in the shop's decision table. The exit
    code is 1 if no decision was available for any customer.
    """
    _import_what_reads_trees()
    from nextbuy.show.answer_tables import show_decisions
    from serving.bulk.audience import CampaignSend, decide_audience

    send = CampaignSend(campaign, campaign if key is None else key, as_of, send_at)
    decided = decide_audience(shop, audience, out, send)
    show_decisions(console, decided)
    console.print(f"{len(decided):,} rows written to {out}")
    if len(decided) and (decided["status"] == "unavailable").all():
        raise typer.Exit(1)


def _import_what_reads_trees() -> None:
    """Import what the models read their trees with, and not what only a training needs."""
    from models.boosters.lightgbm_import import import_lightgbm_alone

    import_lightgbm_alone()
