"""The registry's writer: new versions become challengers, promoted ones champions.

Nothing is registered until everything that was to be trained has been; a promotion is checked
as the set of champions that it would leave behind, and then made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from features.faults import NextbuyError
from models.artefact import KINDS, Head, Kind, Model
from models.registry import CHALLENGER, CHAMPION, SHA256_TAG, Champions, read_version

_OURS, _BASELINE = "gate.score", "gate.baseline"


@dataclass(frozen=True)
class Candidate:
    """A fitted model, logged in its run, not registered yet.

    Attributes
    ----------
    score, baseline : float
        What the promotion compares, lower is better: the model's loss on outcomes that it has
        not seen, and the loss of the simplest rival on the same ones.
    """

    head: Head
    model: Model
    run_id: str
    source: str
    sha256: str
    score: float
    baseline: float


def register(tracking_uri: str, candidates: Sequence[Candidate]) -> dict[Kind, str]:
    """Register candidates as new versions and point `challenger` at them.

    Returns
    -------
    dict
        The new version of each kind.
    """
    client = MlflowClient(tracking_uri)
    versions: dict[Kind, str] = {}
    for candidate in candidates:
        kind = candidate.head.kind
        if not client.search_registered_models(f"name = '{kind}'"):
            client.create_registered_model(kind)
        tags = {
            SHA256_TAG: candidate.sha256,
            "cutoff": candidate.head.cutoff,
            _OURS: repr(candidate.score),
            _BASELINE: repr(candidate.baseline),
        }
        made = client.create_model_version(kind, candidate.source, candidate.run_id, tags)
        client.set_registered_model_alias(kind, CHALLENGER, made.version)
        versions[kind] = str(made.version)
    return versions


def promote(tracking_uri: str, kinds: Sequence[Kind] = ()) -> dict[Kind, str]:
    """Make challengers the champions, if each passes and all champions can answer together.

    Parameters
    ----------
    kinds : sequence of Kind, optional
        Default: every kind that has a challenger. A new horizon is promoted with churn and
        repurchase-timing together.

    Returns
    -------
    dict
        The promoted version of each kind.

    Raises
    ------
    NextbuyError
        No challenger; one whose artefact does not verify or that loses to its baseline; a
        pair that cannot answer together. Then no alias has moved.
    """
    challengers = {k: read_version(tracking_uri, k, CHALLENGER) for k in kinds or KINDS}
    missing = [kind for kind in kinds if challengers[kind] is None]
    found = {kind: version for kind, version in challengers.items() if version is not None}
    if missing or not found:
        raise NextbuyError(
            f"no challenger for {', '.join(missing or KINDS)}: train one with `nextbuy train`"
        )
    client = MlflowClient(tracking_uri)
    for kind, version in found.items():
        _check_score(kind, version.version, _tags(client, kind, version.version))
    champions = {k: read_version(tracking_uri, k, CHAMPION) for k in KINDS if k not in found}
    Champions({k: v for k, v in (champions | found).items() if v is not None})
    for kind, version in found.items():
        client.set_registered_model_alias(kind, CHAMPION, version.version)
    return {kind: version.version for kind, version in found.items()}


def _tags(client: MlflowClient, kind: Kind, version: str) -> Mapping[str, str]:
    try:
        return dict(client.get_model_version(kind, version).tags)
    except MlflowException as error:
        raise NextbuyError(f"the registry has no {kind} version {version}: {error}") from None


def _check_score(kind: Kind, version: str, tags: Mapping[str, str]) -> None:
    ours, baseline = float(tags[_OURS]), float(tags[_BASELINE])
    if not ours <= baseline:
        raise NextbuyError(
            f"{kind} version {version} lost to its baseline on outcomes it had not seen "
            f"({ours:.4f} against {baseline:.4f}, lower is better): it is not promoted"
        )
