"""The command that writes the first nextbuy.toml of a shop: `init`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nextbuy.commands.options import DEFAULT_SHOP, console

app = typer.Typer()


@app.command()
def init(  # noqa: PLR0913  each option of a command is an argument
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES_OR_URL",
            help="Read these exports: files, a glob in quotes, a folder, the address of a database "
            "without a password, or env:NAME for an address in an environment variable.",
        ),
    ],
    systems: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="SYSTEM",
            help="Read the exports of this shop system: shopify, woocommerce, magento, prestashop, "
            "olist, ga4, segment, snowplow, klaviyo, mautic. Give it again for a second system.",
        ),
    ] = None,
    shop: Annotated[Path, typer.Option(help="Write this file.")] = DEFAULT_SHOP,
    name: Annotated[str | None, typer.Option(help="Call the shop by this name.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Read times without a zone in this IANA zone, such as Europe/Paris."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Take all amounts for this currency, such as EUR.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Read CSV files in this encoding; default: UTF-8.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take what is proposed instead of asking.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a nextbuy.toml for the exports of a shop, and check it.

    Without --from the columns are known by their names, and what is ambiguous is asked for; without
    a terminal the questions are printed and nothing is written. The exit code is 1 then, and if a
    table breaks the input contract.
    """
    from features.shop.shop import read_shop
    from nextbuy.init.given_tables import look_at
    from nextbuy.init.names_draft import draft_from_names
    from nextbuy.init.presets_draft import draft_from_presets
    from nextbuy.init.question import Proposals
    from nextbuy.init.settled_shop import settle_shop
    from nextbuy.init.shop_draft import render_shop
    from nextbuy.init.written_shop import check_may_write, write_shop
    from nextbuy.show.draft_gaps import show_gaps
    from nextbuy.show.questions import Terminal, show_questions
    from nextbuy.show.readiness_tables import report_on, show_next_command, show_report

    check_may_write(shop, force)
    settings = {"name": name, "timezone": timezone, "currency": currency}
    section = {setting: value for setting, value in settings.items() if value is not None}
    tables = look_at(given, shop.parent, encoding)
    asking = Terminal(console) if sys.stdin.isatty() and not yes else Proposals()
    if systems:
        draft = draft_from_presets(systems, tables, section, shop)
        text = render_shop(draft)
    else:
        draft = draft_from_names(tables, section, asking)
        text = settle_shop(render_shop(draft), shop, asking)
    if isinstance(asking, Proposals) and asking.asked and not yes:
        show_questions(console, asking.asked)
        raise typer.Exit(1)
    write_shop(text, shop)
    show_gaps(console, draft, shop)
    report = report_on(read_shop(shop))
    show_report(console, report)
    show_next_command(console, report, shop)
    if report.errors:
        raise typer.Exit(1)
