"""Commands that read a shop's log: `check`, `features` and `pseudonym`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import (
    DEFAULT_SHOP,
    CutoffOption,
    ShopOption,
    console,
    read_cutoff_of,
    read_log_of,
)

app = typer.Typer()


@app.command()
def check(
    shop: ShopOption = DEFAULT_SHOP,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON and nothing else.")
    ] = False,
    suggest: Annotated[
        bool,
        typer.Option(
            help="Print nextbuy.toml with the lines that would put things right, and nothing else."
        ),
    ] = False,
) -> None:
    """Report errors and oddities in the shop's tables, and what can be predicted from them.

    The exit code is 1 if a table breaks the input contract.
    """
    from features.log.kept_tables import list_kept
    from features.shop.shop import read_shop
    from nextbuy.init.suggested_shop import suggest_shop
    from nextbuy.show.kept import describe_kept
    from nextbuy.show.readiness_tables import report_on, show_next_command, show_report, to_json

    settings = read_shop(shop)
    report = report_on(settings)
    if as_json:
        typer.echo(to_json(report))
    elif suggest:
        text = shop.read_text(encoding="utf-8-sig")
        typer.echo(suggest_shop(text, report.findings, report.suggestions), nl=False)
    else:
        show_report(console, report)
        console.print(describe_kept(list_kept(settings), "kept for the next command"))
        show_next_command(console, report, shop)
    if report.errors:
        raise typer.Exit(1)


@app.command()
def clean(shop: ShopOption = DEFAULT_SHOP) -> None:
    """Remove the copies of the shop's tables that commands keep for those that follow."""
    from features.log.kept_tables import list_kept, remove_kept
    from features.shop.shop import read_shop
    from nextbuy.show.kept import describe_kept

    settings = read_shop(shop)
    kept = list_kept(settings)
    remove_kept(settings)
    console.print(describe_kept(kept, "removed"))


features_app = typer.Typer()
app.add_typer(features_app, name="features")


@features_app.callback(invoke_without_command=True)
def features(
    context: typer.Context,
    shop: ShopOption = DEFAULT_SHOP,
    cutoff: CutoffOption = None,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Build the history store that the service reads, and no Parquet file."
        ),
    ] = False,
) -> None:
    """Write every customer's features at a cutoff to a Parquet file, or build the history store.

    The service reads the history store, which `--online` builds, to answer requests.
    """
    if context.invoked_subcommand is not None:
        return
    from features.builds.feature_build import write_features
    from features.store.address import store_target
    from features.store.build.store_build import build_store

    log = read_log_of(shop)
    instant = read_cutoff_of(log, cutoff)
    if online:
        target = store_target(log.shop)
        build_store(log, target, instant)
        console.print(f"history store written to {target}", soft_wrap=True)
    else:
        path = write_features(log, instant)
        console.print(f"features written to {path}", soft_wrap=True)


@features_app.command("list")
def list_features(
    shop: Annotated[
        Path | None,
        typer.Option(
            "--shop",
            help="List only the features that the tables of this shop's nextbuy.toml support; "
            "default: all features.",
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option(help="Print the dictionary of all features as Markdown.")
    ] = False,
) -> None:
    """List every feature with its name, meaning, unit, family, tables and lookback in days."""
    from features.builds.shop_catalog import read_catalog
    from features.catalog.dictionary import make_catalog
    from features.catalog.glossary import FULL_VOCABULARY, describe_features, glossary_markdown
    from nextbuy.show.answer_tables import show_features

    if markdown:
        sys.stdout.write(glossary_markdown())
        return
    if shop is None:
        catalog = make_catalog(FULL_VOCABULARY)
    else:
        log = read_log_of(shop)
        catalog = read_catalog(log, log.observed_until)
    show_features(console, describe_features(catalog))


@app.command()
def pseudonym(
    ids: Annotated[
        typer.FileText,
        typer.Argument(
            help="Read customer ids from this file, one id per line; - reads stdin.",
            encoding="utf-8-sig",
        ),
    ] = "-",  # type: ignore[assignment]
    column: Annotated[
        str | None, typer.Option(help="Read the file as CSV and take the ids from this column.")
    ] = None,
) -> None:
    """Print a CSV that gives the pseudonym of each customer id, in columns customer_id,pseudonym.

    It joins files that hold pseudonyms to the shop's tables. The key is read from the environment
    variable NEXTBUY_PSEUDONYM_KEY.
    """
    from features.shop.pseudonyms import read_key, write_pseudonyms

    write_pseudonyms(read_key(), ids, column, sys.stdout)
