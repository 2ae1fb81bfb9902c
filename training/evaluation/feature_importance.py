"""What the boosters read: LightGBM's gain, summed up by feature and by family."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pandas as pd

from features.language.catalog import Catalog
from models.boosters.booster import ResidualBooster

# What a booster reads beside features: which part of the horizon a row is about.
NO_FEATURE = "place in the horizon"


def iterate_boosters(model: Any) -> Iterator[ResidualBooster]:
    """Find all boosters of a model, however deep in it."""
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
    """Give each feature's share of all that splits of a model's boosters gain.

    Parameters
    ----------
    models : mapping of str to model
    catalog : Catalog
        Where a feature says its family and what it is.

    Returns
    -------
    DataFrame
        One row per (model, feature that is split on): `model, feature, description, family,
        share`, the largest first; no row for a model without boosters.
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
    """Add up by family: one row per family, a column per model, the largest mean first."""
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
