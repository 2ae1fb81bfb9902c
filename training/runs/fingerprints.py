"""What a kept result depends on, summed up: where any of it changes, the result is made anew."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import features
import models
import training
from features.language.catalog import Catalog
from features.log.log import Log

_LIBRARIES = ("lightgbm", "lifetimes", "numpy", "optuna", "scipy")


def result_fingerprint(log: Log, catalog: Catalog, data: str, **parts: Any) -> str:
    """Sum up a result's data, features, code and `parts` in 16 hexadecimal digits.

    Parameters
    ----------
    data : str
        `log.fingerprint()`, which reads the whole log: taken once for many results.
    parts : JSON-like
        What else it depends on: settings, cutoffs, seeds.
    """
    section = log.shop.section
    whole = {
        "data": data,
        "observed_until": log.observed_until,
        "shop": [section.timezone, section.currency, section.horizon_days, section.settle_days],
        "features": catalog.hashes | catalog.lookup_hashes,
        "code": code_fingerprint(),
        **parts,
    }
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()[:16]


@cache
def code_fingerprint() -> str:
    """Sum up the source of all that computes, and the versions of what it computes with.

    A changed comment counts as a change: rather once too often anew than once too old.
    """
    digest = hashlib.sha256()
    for package in (features, models, training):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    digest.update(" ".join(map(version, _LIBRARIES)).encode())
    return digest.hexdigest()
