"""A shop's log: whether it is right, its features, the pseudonyms of its customers."""

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
        bool, typer.Option("--json", help="The report as JSON, and nothing else.")
    ] = False,
) -> None:
    """Say what is wrong or odd in the shop's tables, and what can be predicted from them.

    Exit code 1 if a table breaks the input contract.
    """
    from features.shop.shop import read_shop
    from nextbuy.show.readiness_tables import report_on, show_report, to_json

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
    shop: ShopOption = DEFAULT_SHOP,
    cutoff: CutoffOption = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Build the history store that the service reads."),
    ] = False,
) -> None:
    """Build everybody's features at a cutoff as Parquet, or the service's history store."""
    if context.invoked_subcommand is not None:
        return
    from features.engines.sql.feature_build import write_features
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
        typer.Option("--shop", help="Only what this shop's tables support; default: everything."),
    ] = None,
    markdown: Annotated[bool, typer.Option(help="Write Markdown.")] = False,
) -> None:
    """Print the dictionary of the features: name, what it is, unit, family, tables, lookback."""
    from features.catalog.dictionary import make_catalog
    from features.catalog.glossary import FULL_VOCABULARY, describe_features, glossary_markdown
    from features.engines.sql.feature_build import read_catalog
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
    from features.shop.pseudonyms import read_key, write_pseudonyms

    write_pseudonyms(read_key(), ids, column, sys.stdout)
