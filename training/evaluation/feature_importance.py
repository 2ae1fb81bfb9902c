"""Measures what the boosters rely on: LightGBM's gain, summed by feature and by family."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pandas as pd

from features.language.catalog import Catalog
from models.boosters.booster import ResidualBooster

# What a booster reads beside features: which part of the horizon a row is about.
NO_FEATURE = "place in the horizon"


def iterate_boosters(model: Any) -> Iterator[ResidualBooster]:
    """Iterate over all boosters of a model, at any depth of its fields.

    Parameters
    ----------
    model : model, mapping, list or booster
        Anything that may hold boosters.

    Yields
    ------
    ResidualBooster
    """
    if isinstance(model, ResidualBooster):
        yield model
    elif isinstance(model, msgspec.Struct):
        for name in model.__struct_fields__:
            yield from iterate_boosters(getattr(model, name))
    elif isinstance(model, Mapping):
        yield from iterate_boosters(list(model.values()))
    elif isinstance(model, list | tuple):
        for part in model:
            yield from iterate_boosters(part)


def importance_table(models: Mapping[str, Any], catalog: Catalog) -> pd.DataFrame:
    """Tabulate each feature's share of the total gain of the splits in a model's boosters.

    Parameters
    ----------
    models : mapping of str to model
        Models by the name that the table shows.
    catalog : Catalog
        Source of each feature's description and family.

    Returns
    -------
    DataFrame
        One row per (model, feature that is split on): `model, feature, description, family,
        share` (0..1 of the model's gain), the largest first; no row for a model without boosters.
    """
    rows = [
        {
            "model": name,
            "feature": feature,
            "description": catalog[feature].description if feature in catalog else NO_FEATURE,
            "family": catalog[feature].family if feature in catalog else NO_FEATURE,
            "share": share,
        }
        for name, model in models.items()
        for feature, share in _shares(model).items()
    ]
    columns = ["model", "feature", "description", "family", "share"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def family_table(importance: pd.DataFrame) -> pd.DataFrame:
    """Sum importance by family of features.

    Parameters
    ----------
    importance : DataFrame
        From `importance_table`.

    Returns
    -------
    DataFrame
        One row per family: `family`, and a column of shares (0..1) per model; the largest mean
        first.
    """
    table = importance.pivot_table(
        index="family", columns="model", values="share", aggfunc="sum", fill_value=0.0, sort=False
    )
    order = table.mean(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order].rename_axis(columns=None).reset_index()


def _shares(model: Any) -> dict[str, float]:
    gains: dict[str, float] = {}
    for booster in iterate_boosters(model):
        for column, gain in booster.gains().items():
            gains[column] = gains.get(column, 0.0) + gain
    total = sum(gains.values())
    return {column: gain / total for column, gain in gains.items() if gain > 0}
