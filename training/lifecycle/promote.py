"""Writes to the model registry: new versions become challengers, promoted ones champions.

Nothing is registered until everything that was to be trained has been. A promotion is checked
as the set of champions that it would leave behind before any alias moves.
"""

from collections.abc import Mapping, Sequence

from features.errors import NextbuyError
from models.kinds import KINDS, ModelKind
from models.registered_version import open_client
from models.registry import CHALLENGER, CHAMPION, SHA256_TAG, Champions, read_version
from training.runs.candidates import ERROR_TAG, EXCESS_TAG, Candidate, Judgement


def register(tracking_uri: str, candidates: Sequence[Candidate]) -> dict[ModelKind, str]:
    """Register candidates as new versions, and point the alias `challenger` at them.

    Parameters
    ----------
    tracking_uri : str
        MLflow's database.
    candidates : sequence of Candidate
        The trained models.

    Returns
    -------
    dict of ModelKind to str
        The new version of each kind.
    """
    client = open_client(tracking_uri)
    versions: dict[ModelKind, str] = {}
    for candidate in candidates:
        kind = candidate.head.kind
        if not client.search_registered_models(f"name = '{kind}'"):
            client.create_registered_model(kind)
        tags = {
            SHA256_TAG: candidate.sha256,
            "cutoff": candidate.head.cutoff,
            EXCESS_TAG: repr(candidate.judgement.excess),
            ERROR_TAG: repr(candidate.judgement.error),
        }
        made = client.create_model_version(kind, candidate.source, candidate.run_id, tags)
        versions[kind] = str(made.version)
    for kind, version in versions.items():  # only when all of them are there
        client.set_registered_model_alias(kind, CHALLENGER, version)
    return versions


def promote(tracking_uri: str, kinds: Sequence[ModelKind] = ()) -> dict[ModelKind, str]:
    """Make challengers the champions, if each passes and all champions can answer together.

    Parameters
    ----------
    tracking_uri : str
        MLflow's database.
    kinds : sequence of ModelKind, optional
        Kinds to promote; default: every kind that has a challenger. A new horizon is promoted with
        churn and timing together.

    Returns
    -------
    dict of ModelKind to str
        The promoted version of each kind.

    Raises
    ------
    NextbuyError
        No challenger; one whose artefact does not verify or that lost to its rival by more
        than chance; a pair that cannot answer together. All are checked before any alias moves.
    """
    challengers = {k: read_version(tracking_uri, k, CHALLENGER) for k in kinds or KINDS}
    missing = [kind for kind in kinds if challengers[kind] is None]
    promoted = {kind: version for kind, version in challengers.items() if version is not None}
    if missing or not promoted:
        raise NextbuyError(
            f"no challenger for {', '.join(missing or KINDS)}: train one with `nextbuy train`"
        )
    for kind, version in promoted.items():
        _check_judgement(kind, version.version, version.tags)
    champions = {k: read_version(tracking_uri, k, CHAMPION) for k in KINDS if k not in promoted}
    Champions({k: v for k, v in (champions | promoted).items() if v is not None})
    client = open_client(tracking_uri)
    for kind, version in promoted.items():
        client.set_registered_model_alias(kind, CHAMPION, version.version)
    return {kind: version.version for kind, version in promoted.items()}


def _check_judgement(kind: ModelKind, version: str, tags: Mapping[str, str]) -> None:
    if not {EXCESS_TAG, ERROR_TAG} <= tags.keys():
        raise NextbuyError(
            f"{kind} version {version} has no tags {EXCESS_TAG} and {ERROR_TAG}: it was not "
            "registered by Nextbuy, or they were removed. Train it again."
        )
    judgement = Judgement(float(tags[EXCESS_TAG]), float(tags[ERROR_TAG]))
    if judgement.lost:
        raise NextbuyError(
            f"{kind} version {version} lost to {KINDS[kind].baseline} on outcomes it had not seen: "
            f"its loss is higher by {judgement.excess:.4f} (standard error "
            f"{judgement.error:.4f}). It is not promoted, and neither is any other in this call; "
            "promote the others with --model, or train again on more data."
        )
