"""The command line. Each command calls one function of one package.

Heavy imports stay inside the commands, so that `nextbuy --help` answers at once.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from features.inputs.faults import NextbuyError
from nextbuy.profiles import ProfileName

if TYPE_CHECKING:
    from features.inputs.log import Log

console = Console()

app = typer.Typer(
    help="Will each customer buy again, when, and through which channel to ask.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ShopOption = Annotated[Path, typer.Option("--shop", help="Path of the shop's nextbuy.toml.")]
CutoffOption = Annotated[
    str | None,
    typer.Option(
        help="Last instant known: a date (its end, local time), an instant, or `end` of the data."
    ),
]
_SHOP = Path("nextbuy.toml")


class ModelName(StrEnum):
    """The registered models."""

    churn = "churn"
    timing = "repurchase-timing"
    channel = "best-channel"


class DemoShop(StrEnum):
    """The shops of the demo."""

    cdnow = "cdnow"
    simulated = "simulated"


ModelOption = Annotated[
    list[ModelName] | None,
    typer.Option("--model", help="Only this model; may be repeated."),
]


@app.command()
def demo(
    shop: Annotated[DemoShop | None, typer.Option(help="Only this shop; default: both.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the shops are written.")] = Path("demo"),
    keep_serving: Annotated[bool, typer.Option(help="Leave the last service running.")] = False,
) -> None:
    """Do the main job on real purchases (CDNOW) and on a simulated shop, from log to answers."""
    from nextbuy.demo import run_demo

    run_demo(console, folder, [shop.value] if shop else list(DemoShop), keep_serving)


@app.command()
def check(
    shop: ShopOption = _SHOP,
    as_json: Annotated[
        bool, typer.Option("--json", help="The report as JSON, and nothing else.")
    ] = False,
) -> None:
    """Say what is wrong or odd in the shop's tables, and what can be predicted from them.

    Exit code 1 if a table breaks the input contract.
    """
    from features.inputs.shop import read_shop
    from nextbuy.readiness_report import report_on, show_report, to_json

    report = report_on(read_shop(shop))
    if as_json:
        typer.echo(to_json(report))
    else:
        show_report(console, report)
    if report.errors:
        raise typer.Exit(1)


features_app = typer.Typer(
    help="Everybody's features at a cutoff as Parquet, or the service's history store."
)
app.add_typer(features_app, name="features")


@features_app.callback(invoke_without_command=True)
def features(
    context: typer.Context,
    shop: ShopOption = _SHOP,
    cutoff: CutoffOption = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Build the history store that the service reads."),
    ] = False,
) -> None:
    """Build everybody's features at a cutoff as Parquet, or the service's history store."""
    if context.invoked_subcommand is not None:
        return
    from features.engines.build import write_features
    from features.store.store import build_store, store_target

    log = _read(shop)
    instant = _cutoff(log, cutoff)
    if online:
        target = store_target(log.shop)
        build_store(log, target, instant)
        console.print(f"history store written to {target}")
    else:
        console.print(f"features written to {write_features(log, instant)}")


@features_app.command("list")
def list_features(
    shop: Annotated[
        Path | None,
        typer.Option("--shop", help="Only what this shop's tables support; default: everything."),
    ] = None,
    markdown: Annotated[bool, typer.Option(help="As the page features/FEATURES.md.")] = False,
) -> None:
    """Print the dictionary of the features: name, what it is, unit, family, tables, lookback."""
    from features.catalog.dictionary import make_catalog
    from features.catalog.glossary import FULL, describe, to_markdown
    from features.engines.build import read_catalog
    from nextbuy.reports import show_features

    if markdown:
        sys.stdout.write(to_markdown())
        return
    if shop is None:
        catalog = make_catalog(FULL)
    else:
        log = _read(shop)
        catalog = read_catalog(log, log.observed_until)
    show_features(console, describe(catalog))


@app.command()
def train(
    shop: ShopOption = _SHOP,
    model: ModelOption = None,
    cutoff: CutoffOption = None,
    trials: Annotated[
        int, typer.Option(min=0, help="Settings to try for each model; 0: the defaults alone.")
    ] = 10,
    tune_minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Search each model for so long instead; not reproducible."),
    ] = None,
) -> None:
    """Train models and register them as challengers.

    Without --cutoff the last horizon of the data is held out and the models are judged on it.
    With `--cutoff end` they are made for production, and judged one horizon earlier. A search
    that was interrupted goes on where it was; one that is done is not repeated.
    """
    from nextbuy.reports import show_holdout, working
    from training.train import count_steps, default_kinds
    from training.train import train as train_models
    from training.train_channel import why_not

    log = _read(shop)
    kinds = [m.value for m in model] if model else default_kinds(log)
    steps = count_steps(kinds, trials if tune_minutes is None else 0)
    with working(console, "training", steps) as progress:
        trained = train_models(
            log, kinds, _cutoff(log, cutoff), trials, progress, tune_minutes=tune_minutes
        )
    if not model and (reason := why_not(log)):
        console.print(f"best-channel is not trained: {reason}", markup=False)
    for kind, version in trained.versions.items():
        console.print(f"{kind}: version {version} is the challenger")
    if trained.holdout is not None:
        show_holdout(console, trained.holdout)
    if trained.reported:
        command = f"nextbuy report --shop {shop} --version {trained.versions['churn']}"
        console.print(f"as a page: {command}", markup=False, soft_wrap=True)


@app.command()
def backtest(
    shop: ShopOption = _SHOP,
    origins: Annotated[
        list[str] | None,
        typer.Option("--origins", help="A cutoff to judge from; may be repeated."),
    ] = None,
    origins_count: Annotated[
        int, typer.Option(min=1, help="Without --origins: so many, the last one that is observed.")
    ] = 3,
    stride: Annotated[
        int | None, typer.Option(min=1, help="Days between them; default: the shop's horizon.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The result as JSON, and nothing else.")
    ] = False,
) -> None:
    """Judge our forecast and every baseline at past cutoffs, all refitted at each.

    A finished origin is kept, so that an interrupted back-test goes on where it was.
    """
    from features.inputs.windows import read_cutoff
    from nextbuy.backtest_report import show_backtest, to_json
    from nextbuy.reports import working
    from training.backtest import STEPS_PER_ORIGIN, origins_before
    from training.backtest import backtest as run_backtest

    log = _read(shop)
    instants = [read_cutoff(text, log.shop.timezone, "origins") for text in origins or ()]
    chosen = instants or origins_before(log, origins_count, stride or log.shop.section.horizon_days)
    shown = Console(stderr=True) if as_json else console
    with working(shown, "back-test", STEPS_PER_ORIGIN * len(set(chosen))) as progress:
        found = run_backtest(log, chosen, progress=progress)
    if as_json:
        typer.echo(to_json(found))
    else:
        show_backtest(console, found)


@app.command()
def promote(shop: ShopOption = _SHOP, model: ModelOption = None) -> None:
    """Make the challengers the champions, which the service answers with."""
    from features.inputs.shop import read_shop
    from training.publish import promote as promote_models

    promoted = promote_models(read_shop(shop).tracking_uri, [m.value for m in model or []])
    for kind, version in promoted.items():
        console.print(f"{kind}: version {version} is the champion")


@app.command()
def report(
    shop: ShopOption = _SHOP,
    version: Annotated[
        str | None,
        typer.Option(help="The training of this version of churn; default: the champions'."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("report.html"),
) -> None:
    """Write how good the purchase models are as one HTML page, as their training judged them."""
    from features.inputs.shop import read_shop
    from training.report_run import fetch_report

    output.write_text(fetch_report(read_shop(shop).tracking_uri, version), encoding="utf-8")
    console.print(f"report written to {output}", markup=False)


@app.command()
def serve(
    shop: ShopOption = _SHOP,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
) -> None:
    """Serve /v1/predict, /v1/explain and /v1/events; OpenAPI at /docs.json, metrics at /metrics."""
    from serving.server import serve_command, serve_environment

    environment = serve_environment(shop)
    command = serve_command(host, port)
    os.execve(command[0], command, environment)  # one process, so that a signal reaches it


@app.command()
def predict(
    customer_ids: Annotated[list[str], typer.Argument(help="Customers to answer for.")],
    shop: ShopOption = _SHOP,
    as_of: Annotated[
        str | None,
        typer.Option(help="Instant that the answers speak of; default: now."),
    ] = None,
) -> None:
    """Answer for some customers as JSON, without a running service."""
    from serving.predictor import predict_once

    response = predict_once(shop, customer_ids, as_of)
    console.print_json(response.model_dump_json())
    if all(answer.status == "unavailable" for answer in response.answers):
        raise typer.Exit(1)


@app.command()
def explain(
    customer_ids: Annotated[list[str], typer.Argument(help="Customers to explain; up to 20.")],
    shop: ShopOption = _SHOP,
    as_of: Annotated[
        str | None,
        typer.Option(help="Instant that the answers speak of; default: now."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As POST /v1/explain replies.")] = False,
) -> None:
    """Say what raises and what lowers each customer's chance to buy again, and how soon."""
    from nextbuy.reports import show_explanations
    from serving.predictor import explain_once

    response = explain_once(shop, customer_ids, as_of)
    if as_json:
        console.print_json(response.model_dump_json())
    else:
        show_explanations(console, response.model_dump(mode="json"))
    if all(explanation.status == "unavailable" for explanation in response.explanations):
        raise typer.Exit(1)


@app.command()
def pseudonym(
    ids: Annotated[
        typer.FileText,
        typer.Argument(
            help="File of customer ids, one per line; - is stdin.", encoding="utf-8-sig"
        ),
    ] = "-",  # type: ignore[assignment]
    column: Annotated[
        str | None, typer.Option(help="The file is a CSV, and the ids are in this column.")
    ] = None,
) -> None:
    """Write `customer_id,pseudonym` as CSV, to join files of pseudonyms to the shop's own.

    The key is read from NEXTBUY_PSEUDONYM_KEY.
    """
    from features.inputs.pseudonyms import read_key, write_pseudonyms

    write_pseudonyms(read_key(), ids, column, sys.stdout)


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
    from nextbuy.simulator import simulate_shop

    config = simulate_shop(folder, customers, seed, profile)
    console.print(f"simulated shop written to {config.parent}")


def main() -> None:
    """Run the command line; what the caller can put right is said in a sentence."""
    # LightGBM's threads wait asleep: spinning, they take ten times as long on a busy machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    try:
        app()
    except (NextbuyError, OSError) as error:
        said = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        said.print(f"error {error}")
        sys.exit(1)


def _read(shop: Path) -> "Log":
    from features.inputs.log import read_log
    from features.inputs.shop import read_shop

    return read_log(read_shop(shop))


def _cutoff(log: "Log", cutoff: str | None) -> int | None:
    from features.inputs.log import resolve_cutoff

    return None if cutoff is None else resolve_cutoff(log, cutoff)


if __name__ == "__main__":
    main()
