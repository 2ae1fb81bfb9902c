"""Artefacts: a fitted model as files of text, and nothing that runs when it is read.

`artefact.json` holds everything but the trees; `booster-1.txt` and so on are LightGBM's own text.
Any other file, an unexpected hash, or a feature whose definition has changed is refused.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

from features.catalog.dictionary import make_catalog
from features.errors import NextbuyError
from features.language.vocabulary import Vocabulary
from models.boosters.booster import ResidualBooster
from models.kinds import KINDS, TIMING, Model, ModelKind

MANIFEST = "artefact.json"
# MLmodel is written by MLflow for its pages (signature); it is never read here.
_ALLOWED = re.compile(rf"{re.escape(MANIFEST)}|booster-[1-9][0-9]*\.txt|MLmodel")
_FORMAT = 6


class Head(msgspec.Struct, frozen=True):
    """What an artefact says of itself.

    Attributes
    ----------
    cutoff : str
        Last instant known to the training, ISO 8601.
    population : str
        Whom it speaks of: `buyers` (a purchase known at the cutoff) or `contacts`.
    vocabulary : Vocabulary
        The names that the features it reads are made from: channels, stores, points...
    features : dict of str to str
        The features that it reads, and the hashes of their definitions.
    """

    kind: ModelKind
    shop: str
    currency: str
    cutoff: str
    population: str
    vocabulary: Vocabulary
    features: dict[str, str]
    target: str = "purchase in any store or sales channel, not cancelled as far as known"
    format: int = _FORMAT


class _Manifest(msgspec.Struct, frozen=True):
    head: Head
    model: dict[str, Any]
    files: dict[str, str]


def make_head(
    kind: ModelKind,
    model: Model,
    *,
    shop: str,
    currency: str,
    cutoff: str,
    population: str,
    vocabulary: Vocabulary,
) -> Head:
    """Make the head of a fitted model, with the hashes of the features that it reads."""
    hashes = make_catalog(vocabulary).hashes
    features = {name: hashes[name] for name in model.inputs}
    return Head(kind, shop, currency, cutoff, population, vocabulary, features)


def booster_file(place: int) -> str:
    """Name the file of a model's first, second... booster."""
    return f"booster-{place}.txt"


def save(head: Head, model: Model, folder: Path) -> str:
    """Write an artefact into an empty folder.

    Returns
    -------
    str
        sha256 of `artefact.json`, which holds the hashes of all other files: the artefact's
        identity.
    """
    texts: dict[str, str] = {}

    def encode(value: Any) -> Any:
        if isinstance(value, ResidualBooster):
            name = booster_file(len(texts) + 1)
            texts[name] = value.to_text()
            return {"file": name, "columns": list(value.columns)}
        raise NotImplementedError(f"{type(value)} has no place in an artefact")

    body = msgspec.to_builtins(model, enc_hook=encode)
    files = {name: _sha256(text.encode()) for name, text in texts.items()}
    manifest = msgspec.json.format(msgspec.json.encode(_Manifest(head, body, files)), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    (folder / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def load(folder: Path, sha256: str | None = None) -> tuple[Head, Model]:
    """Read and verify an artefact.

    Parameters
    ----------
    sha256 : str, optional
        The identity that the registry states.

    Raises
    ------
    NextbuyError
        A file that does not belong, a hash that differs, a format or feature that the running
        code does not have; says which.
    """
    manifest = _read_manifest(folder, sha256)
    texts = _read_texts(folder, manifest)
    check_features(manifest.head)

    def decode(kind: type, value: Any) -> Any:
        if kind is ResidualBooster:
            return ResidualBooster.from_text(value["columns"], texts[value["file"]])
        raise NotImplementedError(f"{kind} has no place in an artefact")

    try:
        model = msgspec.convert(manifest.model, KINDS[manifest.head.kind].model, dec_hook=decode)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        raise NextbuyError(
            f"{folder}: the {manifest.head.kind} model in it cannot be read: {error}"
        ) from None
    unnamed = set(model.inputs) - manifest.head.features.keys()
    if unnamed:
        raise NextbuyError(f"{folder}: reads {sorted(unnamed)}, of which it holds no hash")
    return manifest.head, model


def check_features(head: Head) -> None:
    """Refuse an artefact that reads features the running code does not compute as it did."""
    hashes = make_catalog(head.vocabulary).hashes
    differ = [
        f"{name}: artefact {theirs}, code {hashes.get(name, 'has no such feature')}"
        for name, theirs in head.features.items()
        if hashes.get(name) != theirs
    ]
    if differ:
        raise NextbuyError(
            f"{head.kind} (trained to {head.cutoff}) reads features that this code does not "
            "compute the same way. Train it again, or run the version that trained it:\n  "
            + "\n  ".join(differ)
        )


def check_same_event(churn: Head, timing: Head) -> None:
    """Refuse a pair whose targets or populations differ."""
    for what in ("target", "population"):
        ours, theirs = getattr(churn, what), getattr(timing, what)
        if ours != theirs:
            raise NextbuyError(
                f"churn has the {what} '{ours}' and {TIMING} '{theirs}': they cannot "
                "answer together. Train both with the same version of Nextbuy."
            )


def _read_manifest(folder: Path, sha256: str | None) -> _Manifest:
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if MANIFEST not in names:
        raise NextbuyError(f"{folder}: no {MANIFEST} in it, so it is not a Nextbuy artefact")
    strange = sorted(name for name in names if not _ALLOWED.fullmatch(name))
    if strange:
        raise NextbuyError(f"{folder}: holds {strange}, which no artefact of Nextbuy has")
    raw = (folder / MANIFEST).read_bytes()
    if sha256 is not None and _sha256(raw) != sha256:
        raise NextbuyError(f"{folder}/{MANIFEST}: its sha256 is not the registry's {sha256}")
    try:
        manifest = msgspec.json.decode(raw, type=_Manifest)
    except msgspec.DecodeError as error:
        raise NextbuyError(f"{folder}/{MANIFEST}: cannot be read: {error}") from None
    if manifest.head.format != _FORMAT:
        raise NextbuyError(
            f"{folder}: format {manifest.head.format}, this version reads {_FORMAT}; train again"
        )
    return manifest


def _read_texts(folder: Path, manifest: _Manifest) -> dict[str, str]:
    texts = {}
    for name, sha256 in manifest.files.items():
        path = folder / name
        known = _ALLOWED.fullmatch(name) and path.is_file()
        if not known or _sha256(path.read_bytes()) != sha256:
            raise NextbuyError(f"{path}: is missing, or is not the file that was saved")
        texts[name] = path.read_text()
    return texts


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
