"""The registry's reader: the champions, downloaded, verified and loaded.

MLflow only lists and delivers files here. Its `load_model` is never called: it can run code
that comes with an artefact.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from features.errors import NextbuyError
from models.artefact import Head, check_same_event, load
from models.channel.model import ChannelModel
from models.kinds import CHANNEL, CHURN, KINDS, TIMING, Model, ModelKind
from models.purchase.churn import ChurnModel
from models.purchase.forecast import check_pair
from models.purchase.timing import TimingModel

CHAMPION = "champion"
CHALLENGER = "challenger"
SHA256_TAG = "artefact_sha256"


@dataclass(frozen=True)
class Version:
    """One loaded version of a registered model."""

    version: str
    head: Head
    model: Model
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Champions:
    """One snapshot of the champions; a kind without a champion is not in it.

    Raises
    ------
    NextbuyError
        The churn and the timing champion cannot answer together.
    """

    by_kind: dict[ModelKind, Version]

    def __post_init__(self) -> None:
        if self.churn is not None and self.timing is not None:
            check_pair(self.churn, self.timing)
            check_same_event(self.by_kind[CHURN].head, self.by_kind[TIMING].head)

    @property
    def churn(self) -> ChurnModel | None:
        """The churn champion."""
        version = self.by_kind.get(CHURN)
        return version.model if version and isinstance(version.model, ChurnModel) else None

    @property
    def timing(self) -> TimingModel | None:
        """The timing champion."""
        version = self.by_kind.get(TIMING)
        return version.model if version and isinstance(version.model, TimingModel) else None

    @property
    def channel(self) -> ChannelModel | None:
        """The channel champion."""
        version = self.by_kind.get(CHANNEL)
        return version.model if version and isinstance(version.model, ChannelModel) else None

    @property
    def missing(self) -> list[ModelKind]:
        """The kinds that have no champion."""
        return [kind for kind in KINDS if kind not in self.by_kind]

    @property
    def versions(self) -> dict[str, str]:
        """The versions' numbers, by kind."""
        return {kind: version.version for kind, version in self.by_kind.items()}


def read_champions(tracking_uri: str, kinds: Iterable[ModelKind] = KINDS) -> Champions:
    """Load the champion of each kind that has one."""
    found = {kind: read_version(tracking_uri, kind, CHAMPION) for kind in kinds}
    return Champions({kind: version for kind, version in found.items() if version is not None})


def read_champion_versions(tracking_uri: str) -> dict[ModelKind, str]:
    """Look up the versions of the champions, without loading them."""
    found = {kind: _find(tracking_uri, kind, CHAMPION) for kind in KINDS}
    return {kind: str(version.version) for kind, version in found.items() if version is not None}


def read_version(tracking_uri: str, kind: ModelKind, alias: str) -> Version | None:
    """Load the version that an alias points to; None where there is no such alias.

    Raises
    ------
    NextbuyError
        The registry cannot be reached, or the artefact does not verify.
    """
    found = _find(tracking_uri, kind, alias)
    if found is None:
        return None
    if SHA256_TAG not in found.tags:
        raise NextbuyError(
            f"{kind} version {found.version} has no tag {SHA256_TAG}: it was not registered by "
            "Nextbuy, or the tag was removed. Train it again."
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = download_artifacts(
                artifact_uri=found.source, dst_path=folder, tracking_uri=tracking_uri
            )
        except (MlflowException, OSError) as error:
            raise NextbuyError(
                f"the files of {kind} version {found.version} are not at {found.source} "
                f"({error}). If the shop's folder was moved, train again where it is now."
            ) from None
        head, model = load(Path(path), found.tags[SHA256_TAG])
    if head.kind != kind:
        raise NextbuyError(f"{kind} version {found.version} holds a {head.kind} model")
    return Version(str(found.version), head, model, found.tags)


def _find(tracking_uri: str, kind: ModelKind, alias: str) -> ModelVersion | None:
    try:
        return MlflowClient(tracking_uri).get_model_version_by_alias(kind, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise NextbuyError(f"the registry did not answer for {kind}@{alias}: {error}") from None
    except SQLAlchemyError as error:
        first_line = str(error).splitlines()[0]
        raise NextbuyError(f"the registry at {tracking_uri} cannot be read: {first_line}") from None
