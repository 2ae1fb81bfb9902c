"""The command that writes the first nextbuy.toml of a shop: `init`."""

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
    force: Annotated[bool, typer.Option(help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a nextbuy.toml for the exports of a shop, and check it.

    The exit code is 1 if a table breaks the input contract.
    """
    from features.shop.shop import read_shop
    from nextbuy.init.given_tables import look_at
    from nextbuy.init.presets_draft import draft_from_presets
    from nextbuy.init.written_shop import check_may_write, write_shop
    from nextbuy.show.draft_gaps import show_gaps
    from nextbuy.show.readiness_tables import report_on, show_next_command, show_report

    check_may_write(shop, force)
    settings = {"name": name, "timezone": timezone, "currency": currency}
    section = {setting: value for setting, value in settings.items() if value is not None}
    tables = look_at(given, shop.parent, encoding)
    draft = draft_from_presets(systems or [], tables, section, shop)
    write_shop(draft, shop)
    show_gaps(console, draft, shop)
    report = report_on(read_shop(shop))
    show_report(console, report)
    show_next_command(console, report, shop)
    if report.errors:
        raise typer.Exit(1)
