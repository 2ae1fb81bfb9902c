"""Reads registered models: finds, verifies and loads the champions.

MLflow's registry only lists versions and delivers files here. Its `load_model` is never called,
since it can run code that comes with an artefact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from features.errors import Fault, NextbuyError
from models.artefact import ArtefactHead, check_same_event, load_artefact
from models.channel.model import ChannelModel
from models.kinds import CHANNEL, CHURN, KINDS, TIMING, Model, ModelKind
from models.purchase.churn import ChurnModel
from models.purchase.forecast import check_pair
from models.purchase.timing import TimingModel
from models.registered_version import RegisteredVersion, find_registered_version, version_files

CHAMPION = "champion"
CHALLENGER = "challenger"
SHA256_TAG = "artefact_sha256"


@dataclass(frozen=True)
class LoadedVersion:
    """One registered version of a model, with the model itself.

    Attributes
    ----------
    version : str
        Its number in the registry.
    head : ArtefactHead
        The description of the artefact that it was loaded from.
    tags : dict of str to str
        The tags of the version in the registry.
    """

    version: str
    head: ArtefactHead
    model: Model
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Champions:
    """The loaded champion of each kind of model that has one.

    Attributes
    ----------
    by_kind : dict of str to LoadedVersion
        A kind without a champion is left out.

    Raises
    ------
    NextbuyError
        The churn and the timing champion predict different events or different customers.
    """

    by_kind: dict[ModelKind, LoadedVersion]

    def __post_init__(self) -> None:
        if self.churn is not None and self.timing is not None:
            check_pair(self.churn, self.timing)
            check_same_event(self.by_kind[CHURN].head, self.by_kind[TIMING].head)

    @property
    def churn(self) -> ChurnModel | None:
        """The churn champion; None where there is none."""
        version = self.by_kind.get(CHURN)
        return version.model if version and isinstance(version.model, ChurnModel) else None

    @property
    def timing(self) -> TimingModel | None:
        """The timing champion; None where there is none."""
        version = self.by_kind.get(TIMING)
        return version.model if version and isinstance(version.model, TimingModel) else None

    @property
    def channel(self) -> ChannelModel | None:
        """The channel champion; None where there is none."""
        version = self.by_kind.get(CHANNEL)
        return version.model if version and isinstance(version.model, ChannelModel) else None

    @property
    def missing(self) -> list[ModelKind]:
        """The kinds of models that have no champion."""
        return [kind for kind in KINDS if kind not in self.by_kind]

    @property
    def versions(self) -> dict[str, str]:
        """The number of each champion's version, by kind."""
        return {kind: version.version for kind, version in self.by_kind.items()}


def read_champions(tracking_uri: str, kinds: Iterable[ModelKind] = KINDS) -> Champions:
    """Load the champion of each kind that has one.

    Raises
    ------
    NextbuyError
        The registry cannot be reached, an artefact cannot be verified, or the champions do not
        match each other.
    """
    loaded = {kind: read_version(tracking_uri, kind, CHAMPION) for kind in kinds}
    return Champions({kind: version for kind, version in loaded.items() if version is not None})


def read_champion_versions(tracking_uri: str) -> dict[ModelKind, str]:
    """Look up the number of each champion's version, by kind, without loading the models.

    Raises
    ------
    NextbuyError
        The registry cannot be reached.
    """
    entries = {kind: find_registered_version(tracking_uri, kind, CHAMPION) for kind in KINDS}
    return {kind: entry.version for kind, entry in entries.items() if entry is not None}


def read_version(tracking_uri: str, kind: ModelKind, alias: str) -> LoadedVersion | None:
    """Load the version that an alias points to; None where the alias does not exist.

    Raises
    ------
    NextbuyError
        The registry cannot be reached, or the artefact cannot be verified.
    """
    entry = find_registered_version(tracking_uri, kind, alias)
    if entry is None:
        return None
    if SHA256_TAG not in entry.tags:
        raise _version_error(
            kind,
            entry,
            expected="a version that Nextbuy registered",
            got=f"no tag {SHA256_TAG}",
            remedy="Train the model again.",
        )
    try:
        with version_files(tracking_uri, entry.source) as folder:
            head, model = load_artefact(folder, entry.tags[SHA256_TAG])
    except OSError as error:
        raise _version_error(
            kind,
            entry,
            expected=f"its files at {entry.source}",
            got=f"the error: {error}",
            remedy="If the shop's folder was moved, train again where it is now.",
        ) from None
    if head.kind != kind:
        raise _version_error(
            kind,
            entry,
            expected=f"a {kind} model",
            got=f"a {head.kind} model",
            remedy="Point the alias to a version that Nextbuy registered.",
        )
    return LoadedVersion(entry.version, head, model, entry.tags)


def _version_error(
    kind: ModelKind, entry: RegisteredVersion, *, expected: str, got: str, remedy: str
) -> NextbuyError:
    """Make the error that a registered version cannot be used."""
    return NextbuyError(str(Fault(f"{kind} version {entry.version}", expected, got, remedy)))
