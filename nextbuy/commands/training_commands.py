"""Commands about models: `train`, `backtest`, `promote`, `report` and `policy`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nextbuy.commands.options import (
    DEFAULT_SHOP,
    CutoffOption,
    ShopOption,
    console,
    read_cutoff_of,
    read_log_of,
)

app = typer.Typer()


class ModelName(StrEnum):
    """Names under which the models are registered in MLflow."""

    churn = "churn"
    timing = "repurchase-timing"
    channel = "best-channel"


ModelOption = Annotated[
    list[ModelName] | None,
    typer.Option("--model", help="Use this model only; repeat the option for several models."),
]


@app.command()
def train(
    shop: ShopOption = DEFAULT_SHOP,
    model: ModelOption = None,
    cutoff: CutoffOption = None,
    trials: Annotated[
        int,
        typer.Option(
            min=0,
            help="Try this number of settings for each model; 0 uses the default settings alone.",
        ),
    ] = 10,
    tune_minutes: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Search the settings of each model for this number of minutes, whatever --trials "
            "says; the result is not reproducible.",
        ),
    ] = None,
) -> None:
    """Train models and register them as challengers.

    Without --cutoff the last horizon of the data is held out and the models are judged on it.
    With `--cutoff end` the models are made for production and judged one horizon earlier. A
    search of settings that was interrupted continues where it stopped; a finished one is not
    repeated.
    """
    from models.kinds import KINDS
    from nextbuy.show.answer_tables import working
    from nextbuy.show.training_tables import show_trained
    from training.channel.job import explain_missing_messages
    from training.train import count_progress_steps, list_trainable_kinds
    from training.train import train as train_models

    log = read_log_of(shop)
    instant = read_cutoff_of(log, cutoff)
    kinds = [kind for kind in KINDS if kind in (model or ())]
    kinds = kinds or list_trainable_kinds(log, instant)
    steps = count_progress_steps(kinds, trials if tune_minutes is None else 0)
    with working(console, "training", steps) as progress:
        trained = train_models(log, kinds, instant, trials, progress, tune_minutes=tune_minutes)
    if not model and (reason := explain_missing_messages(log, trained.cutoff)):
        console.print(f"best-channel is not trained: {reason}", markup=False)
    show_trained(console, trained, shop)


@app.command()
def backtest(
    shop: ShopOption = DEFAULT_SHOP,
    origins: Annotated[
        list[str] | None,
        typer.Option(
            "--origins",
            help="Judge forecasts made at this past cutoff; repeat the option for several cutoffs.",
        ),
    ] = None,
    origins_count: Annotated[
        int,
        typer.Option(
            min=1,
            help="Without --origins, judge at this number of past cutoffs, the latest of which is "
            "the last one whose horizon the data cover.",
        ),
    ] = 3,
    stride: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Without --origins, leave this number of days between two cutoffs; default: the "
            "shop's horizon.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON and nothing else.")
    ] = False,
) -> None:
    """Judge our forecast and every baseline at past cutoffs, with all of them refitted at each.

    The result of a finished cutoff is kept, so that an interrupted back-test continues there.
    """
    from features.windows import read_cutoff
    from nextbuy.show.answer_tables import working
    from nextbuy.show.backtest_tables import show_backtest, to_json
    from training.evaluation.backtest import STEPS_PER_ORIGIN, list_origins_before
    from training.evaluation.backtest import backtest as run_backtest

    log = read_log_of(shop)
    instants = [read_cutoff(text, log.shop.timezone, "origins") for text in origins or ()]
    chosen = instants or list_origins_before(
        log, origins_count, stride or log.shop.section.horizon_days
    )
    progress_console = Console(stderr=True) if as_json else console
    with working(progress_console, "back-test", STEPS_PER_ORIGIN * len(set(chosen))) as progress:
        comparison = run_backtest(log, chosen, progress=progress)
    if as_json:
        typer.echo(to_json(comparison))
    else:
        show_backtest(console, comparison)


@app.command()
def promote(shop: ShopOption = DEFAULT_SHOP, model: ModelOption = None) -> None:
    """Promote the challengers to champions, the models with which the service answers."""
    from features.shop.shop import read_shop
    from training.lifecycle.promote import promote as promote_models

    promoted = promote_models(read_shop(shop).tracking_uri, [m.value for m in model or []])
    for kind, version in promoted.items():
        console.print(f"{kind}: version {version} is the champion")


@app.command()
def report(
    shop: ShopOption = DEFAULT_SHOP,
    version: Annotated[
        str | None,
        typer.Option(
            help="Report on the training that made this version of the churn model; default: the "
            "training of the champions."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Write the page to this file.")] = Path(
        "report.html"
    ),
) -> None:
    """Write an HTML page that shows how well the purchase models did when training judged them."""
    from features.shop.shop import read_shop
    from training.report.report_run import fetch_report

    output.write_text(fetch_report(read_shop(shop).tracking_uri, version), encoding="utf-8")
    console.print(f"report written to {output}", markup=False)


@app.command()
def policy(
    shop: ShopOption = DEFAULT_SHOP,
    cutoff: CutoffOption = None,
    output: Annotated[Path, typer.Option(help="Write the page to this file.")] = Path(
        "policy.html"
    ),
) -> None:
    """Estimate how many purchases each way of choosing a channel would have brought.

    The ways are ours, the best fixed channel, the open-rate rule, a uniform draw and no message.
    The estimates rest on the messages of the year before --cutoff (default: the end of the data)
    whose channel was drawn at random. Without such messages the values are confounded, and the
    page says so.
    """
    from features.errors import refuse
    from nextbuy.show.answer_tables import working
    from nextbuy.show.policy_tables import show_study
    from training.policy_job import POLICY_STEPS, run_policy_study

    if not output.parent.is_dir():  # before minutes of work, not after
        raise refuse("--output", "a file in a folder that exists", str(output), "Make it first.")
    log = read_log_of(shop)
    with working(console, "policy", POLICY_STEPS) as progress:
        study, page = run_policy_study(log, read_cutoff_of(log, cutoff), progress)
    output.write_text(page, encoding="utf-8")
    show_study(console, study)
    console.print(f"report written to {output}", markup=False)
