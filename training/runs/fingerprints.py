"""Fingerprints of kept results: where anything that they depend on changes, they are made anew."""

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
    """Hash all that a result depends on: data, features, code, and further parts.

    Parameters
    ----------
    log : Log
        The opened event log of one shop; its settings and the end of its data are read.
    catalog : Catalog
        Features that the result reads.
    data : str
        `log.fingerprint()`, which reads the whole log: computed once for many results.
    parts : JSON-like
        What else it depends on: settings, cutoffs, seeds.

    Returns
    -------
    str
        16 hexadecimal digits.
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
    """Hash the source code of three packages, and the versions of the libraries they use.

    A changed comment counts as a change: a result is rather made once too often than kept too long.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for package in (features, models, training):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    digest.update(" ".join(map(version, _LIBRARIES)).encode())
    return digest.hexdigest()
