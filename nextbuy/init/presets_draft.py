"""Proposes the settings of a shop whose systems have presets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from features.contract.tables import TABLES_BY_NAME
from features.errors import refuse
from features.shop.shop import parse_shop
from nextbuy.init.given_tables import GivenTable
from nextbuy.init.names_draft import ASSUMED, assumed_settings
from nextbuy.init.preset import Preset, read_preset
from nextbuy.init.preset_tables import find_gaps, make_tables, match_sources
from nextbuy.init.shop_draft import ShopDraft, TableDraft, render_shop
from nextbuy.init.shop_probe import ShopProbe, open_probe


def draft_from_presets(
    names: Sequence[str], given: Sequence[GivenTable], shop: dict[str, str], path: Path
) -> ShopDraft:
    """Propose the settings of a shop from the exports of systems that have presets.

    Tables without a row are left out. Of a table that several systems have, the first one's is
    taken.

    Parameters
    ----------
    names : sequence of str
        Names of presets.
    given : sequence of GivenTable
        What the shop gives.
    shop : dict of str to str
        Settings of the section `[shop]`, which go before those of a preset.
    path : Path
        The file that will be written.

    Raises
    ------
    InputError
        A preset is unknown, what it needs is not given, or no system has orders.
    """
    presets = {name: read_preset(name) for name in names}
    tables: dict[str, TableDraft] = {}
    gaps: list[str] = []
    for name, preset in presets.items():
        matched = match_sources(name, preset, given)
        gaps += find_gaps(preset, matched)
        for table in make_tables(preset, matched):
            if table.table in tables:
                gaps.append(
                    f"{table.table}: those of {preset.title}, since others come before them"
                )
            tables.setdefault(table.table, table)
    if "orders" not in tables:
        raise refuse(
            "--from", "a system that has orders", " and ".join(names),
            "Name it too, as in --from woocommerce --from mautic.",
        )  # fmt: skip
    gaps += [
        f"{table}: {cost}"
        for preset in presets.values()
        for table, cost in preset.missing.items()
        if table not in tables
    ]
    draft = ShopDraft(
        title=_title(list(presets.values())),
        tables=[tables[name] for name in TABLES_BY_NAME if name in tables],
        shop=_known_settings(presets) | shop,
        fold="case" if any(preset.by_email for preset in presets.values()) else "none",
        gaps=gaps,
    )
    with open_probe(parse_shop(render_shop(draft), path)) as probe:
        draft = _fit_to_rows(draft, probe)
    return msgspec.structs.replace(
        draft, shop=ASSUMED | draft.shop, gaps=[*draft.gaps, *assumed_settings(draft.shop)]
    )


def _fit_to_rows(draft: ShopDraft, probe: ShopProbe) -> ShopDraft:
    """Return a draft without the tables that have no row, and with the currency of the orders."""
    filled = [t for t in draft.tables if t.table == "orders" or probe.has_rows(t.table)]
    empty = [t.table for t in draft.tables if t not in filled]
    gaps = [*draft.gaps, *(f"{name}: there are none yet" for name in empty)]
    draft = msgspec.structs.replace(draft, tables=filled, gaps=gaps)
    orders = next(t for t in filled if t.table == "orders")
    if "currency" in draft.shop or " AS currency" not in (orders.source.query or ""):
        return draft
    currencies = probe.currencies()
    if not currencies:
        return draft
    if len(currencies) > 1:
        others = {"other currency": f"upper(currency) <> '{currencies[0]}'"}
        source = msgspec.structs.replace(orders.source, leave_out=orders.source.leave_out | others)
        orders = msgspec.structs.replace(orders, source=source)
    return msgspec.structs.replace(
        draft,
        shop=draft.shop | {"currency": currencies[0]},
        tables=[orders if t.table == "orders" else t for t in filled],
    )


def _title(presets: Sequence[Preset]) -> str:
    titles = " and ".join(preset.title for preset in presets)
    return (
        f"A shop on {titles}. `nextbuy check` says whether its tables are ready; all settings "
        "stand in docs/reference/nextbuy-toml.md."
    )


def _known_settings(presets: Mapping[str, Preset]) -> dict[str, str]:
    """Return the settings of `[shop]` that are the same in every shop of a system."""
    return {
        setting: value
        for preset in presets.values()
        for setting in ("timezone", "currency")
        if (value := getattr(preset, setting)) is not None
    }
