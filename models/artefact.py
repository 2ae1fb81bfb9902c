"""Artefacts are the files of a fitted model: text only, so that loading one never runs code.

`artefact.json` holds everything except the trees; `booster-1.txt`, `booster-2.txt` and so on hold
the trees in LightGBM's text format. An artefact with any other file, with an unexpected hash, or
with a feature whose definition has changed is refused.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

from features.catalog.dictionary import make_catalog
from features.errors import Fault, NextbuyError
from features.language.vocabulary import Vocabulary
from models.boosters.booster import ResidualBooster
from models.channel.occasion import is_situation
from models.kinds import KINDS, Model, ModelKind

MANIFEST = "artefact.json"
# MLflow writes MLmodel to show the model's signature on its pages; it is never read here.
_ALLOWED = re.compile(rf"{re.escape(MANIFEST)}|booster-[1-9][0-9]*\.txt|MLmodel")
_FORMAT = 7
_TRAIN_AGAIN = "Train the model again with this version of Nextbuy."


class ArtefactHead(msgspec.Struct, frozen=True):
    """The description of a fitted model that is stored with it.

    Attributes
    ----------
    kind : str
        The kind of model, one of `models.kinds.KINDS`.
    shop, currency : str
        The name of the shop that it was trained for, and the ISO 4217 code of its currency.
    cutoff : str
        Last instant known to the training, ISO 8601.
    population : str
        The customers for whom it predicts: `buyers` (a purchase known at the cutoff) or
        `contacts`.
    vocabulary : Vocabulary
        The shop's names from which features are generated: channels, stores and so on.
    features : dict of str to str
        The features that the model reads, and the hash of each one's definition.
    target : str
        The event that is predicted, in words.
    format : int
        Version of the layout of `artefact.json`.
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
    """The content of `artefact.json`: head, model without trees, sha256 of each other file."""

    head: ArtefactHead
    model: dict[str, Any]
    files: dict[str, str]


def make_head(
    kind: ModelKind,
    model: Model,
    *,
    shop: str,
    currency: str,
    cutoff: str,
    vocabulary: Vocabulary,
) -> ArtefactHead:
    """Make the head of a fitted model, with the hashes of the features that it reads.

    Parameters
    ----------
    cutoff : str
        Last instant known to the training, ISO 8601.
    """
    hashes = make_catalog(vocabulary).hashes
    features = {name: hashes[name] for name in model.inputs if not is_situation(name)}
    population = KINDS[kind].population
    return ArtefactHead(kind, shop, currency, cutoff, population, vocabulary, features)


def booster_file_name(number: int) -> str:
    """Return the name of the file that holds a model's n-th booster, counted from 1."""
    return f"booster-{number}.txt"


def save_artefact(head: ArtefactHead, model: Model, folder: Path) -> str:
    """Write a fitted model as an artefact into an empty folder, which is created if missing.

    Returns
    -------
    str
        The identity of the artefact: the sha256 of `artefact.json`, which holds the hashes of
        all other files.
    """
    texts: dict[str, str] = {}

    def encode(value: Any) -> Any:
        if isinstance(value, ResidualBooster):
            name = booster_file_name(len(texts) + 1)
            texts[name] = value.to_text()
            return {"file": name, "columns": list(value.columns)}
        raise NotImplementedError(f"{type(value)} cannot be stored in an artefact")

    body = msgspec.to_builtins(model, enc_hook=encode)
    files = {name: _sha256(text.encode()) for name, text in texts.items()}
    manifest = msgspec.json.format(msgspec.json.encode(_Manifest(head, body, files)), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    (folder / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def load_artefact(folder: Path, sha256: str | None = None) -> tuple[ArtefactHead, Model]:
    """Verify an artefact and load the model in it.

    Parameters
    ----------
    sha256 : str, optional
        The identity that the registry holds for the artefact; without it the identity is not
        verified.

    Raises
    ------
    NextbuyError
        The folder holds a file that no artefact has, a hash differs, or the running code does
        not have the format or a feature. The message says which.
    """
    manifest = _read_manifest(folder, sha256)
    texts = _read_texts(folder, manifest)
    check_features(manifest.head)

    def decode(field_type: type, value: Any) -> Any:
        if field_type is ResidualBooster:
            return ResidualBooster.from_text(value["columns"], texts[value["file"]])
        raise NotImplementedError(f"{field_type} cannot be stored in an artefact")

    try:
        model = msgspec.convert(manifest.model, KINDS[manifest.head.kind].model, dec_hook=decode)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        raise _artefact_error(
            folder,
            expected=f"a {manifest.head.kind} model that can be read",
            got=f"the error: {error}",
            remedy=_TRAIN_AGAIN,
        ) from None
    named = manifest.head.features.keys()
    unnamed = {name for name in model.inputs if name not in named and not is_situation(name)}
    if unnamed:
        raise _artefact_error(
            folder,
            expected="the hash of every feature that the model reads",
            got=f"no hash of {sorted(unnamed)}",
            remedy=_TRAIN_AGAIN,
        )
    return manifest.head, model


def check_features(head: ArtefactHead) -> None:
    """Refuse an artefact whose features the running code does not define in the same way.

    Raises
    ------
    NextbuyError
        Lists the features that differ.
    """
    hashes = make_catalog(head.vocabulary).hashes
    differ = [
        f"{name}: artefact {stored}, code {hashes.get(name, 'has no such feature')}"
        for name, stored in head.features.items()
        if hashes.get(name) != stored
    ]
    if differ:
        raise NextbuyError(
            f"The {head.kind} model (trained up to {head.cutoff}) reads features that this "
            "version of Nextbuy does not compute in the same way. Train it again, or run the "
            "version that trained it:\n  " + "\n  ".join(differ)
        )


def check_same_event(churn: ArtefactHead, timing: ArtefactHead) -> None:
    """Refuse a churn and a timing model that predict different events or different customers.

    Raises
    ------
    NextbuyError
        Their targets or their populations differ.
    """
    for field in ("target", "population"):
        of_churn, of_timing = getattr(churn, field), getattr(timing, field)
        if of_churn != of_timing:
            raise NextbuyError(
                f"the churn model has the {field} '{of_churn}' and the timing model "
                f"'{of_timing}': they cannot answer together. Train both with the same version "
                "of Nextbuy."
            )


def _artefact_error(where: Path, *, expected: str, got: str, remedy: str) -> NextbuyError:
    """Make the error that an artefact cannot be used."""
    return NextbuyError(str(Fault(str(where), expected, got, remedy)))


def _read_manifest(folder: Path, sha256: str | None) -> _Manifest:
    """Read `artefact.json` and verify it, its format, and the names of the files beside it."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if MANIFEST not in names:
        raise _artefact_error(
            folder,
            expected=f"a folder with the file {MANIFEST}",
            got=f"no {MANIFEST} in it, so it is not an artefact of Nextbuy",
            remedy=_TRAIN_AGAIN,
        )
    foreign = sorted(name for name in names if not _ALLOWED.fullmatch(name))
    if foreign:
        raise _artefact_error(
            folder,
            expected=f"{MANIFEST}, files of boosters and MLmodel only",
            got=f"{foreign}, which no artefact of Nextbuy has",
            remedy="Find out who added the files, and train the model again.",
        )
    raw = (folder / MANIFEST).read_bytes()
    if sha256 is not None and _sha256(raw) != sha256:
        raise _artefact_error(
            folder / MANIFEST,
            expected=f"the sha256 that the registry holds, {sha256}",
            got=f"{_sha256(raw)}",
            remedy="Find out who changed the file, and train the model again.",
        )
    try:
        manifest = msgspec.json.decode(raw, type=_Manifest)
    except msgspec.DecodeError as error:
        raise _artefact_error(
            folder / MANIFEST,
            expected="the description of an artefact as JSON",
            got=f"the error: {error}",
            remedy=_TRAIN_AGAIN,
        ) from None
    if manifest.head.format != _FORMAT:
        raise _artefact_error(
            folder,
            expected=f"an artefact of format {_FORMAT}",
            got=f"format {manifest.head.format}",
            remedy=_TRAIN_AGAIN,
        )
    return manifest


def _read_texts(folder: Path, manifest: _Manifest) -> dict[str, str]:
    """Read and verify the files that the manifest lists, by name."""
    texts = {}
    for name, sha256 in manifest.files.items():
        path = folder / name
        known = _ALLOWED.fullmatch(name) and path.is_file()
        if not known or _sha256(path.read_bytes()) != sha256:
            raise _artefact_error(
                path,
                expected="the file that was saved with the artefact",
                got="no file, or one with another sha256",
                remedy="Find out who changed the artefact, and train the model again.",
            )
        texts[name] = path.read_text()
    return texts


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
