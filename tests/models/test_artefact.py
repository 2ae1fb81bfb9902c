"""Tests of saving, verifying and loading artefacts."""

import json
import pickletools
from pathlib import Path

import numpy as np
import pytest

from features.builds.feature_build import build_features
from features.errors import NextbuyError
from features.language.vocabulary import Vocabulary
from models.artefact import (
    MANIFEST,
    ArtefactHead,
    booster_file_name,
    check_same_event,
    load_artefact,
    save_artefact,
)
from models.channel.occasion import is_situation
from models.kinds import KINDS

BOOSTERS = (booster_file_name(1), booster_file_name(2))  # of both purchase models


def _folders(shop) -> dict[str, Path]:
    artifacts = shop.shop.workspace / "artifacts"
    return {
        json.loads(path.read_text())["head"]["kind"]: path.parent
        for path in artifacts.rglob(MANIFEST)
    }


@pytest.fixture
def saved(simulated, tmp_path: Path) -> Path:
    version = simulated.champions.by_kind["churn"]
    save_artefact(version.head, version.model, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_answers_as_the_saved_one(simulated, kind: str, tmp_path: Path) -> None:
    version = simulated.champions.by_kind[kind]
    sha256 = save_artefact(version.head, version.model, tmp_path / "model")
    head, model = load_artefact(tmp_path / "model", sha256)
    assert head == version.head
    if kind == "best-channel":
        assert model.moments == version.model.moments is not None
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    situation = filter(is_situation, model.inputs)  # what a channel model reads beside features
    frame = frame.assign(**dict.fromkeys(situation, 1.0))
    method = {"repurchase-timing": "given_return"}.get(kind, "predict")
    ours, theirs = getattr(model, method)(frame), getattr(version.model, method)(frame)
    np.testing.assert_equal(ours, theirs)


def test_no_file_of_an_artefact_is_a_pickle(simulated) -> None:
    folders = _folders(simulated)
    assert set(folders) == set(KINDS)
    for kind, folder in folders.items():
        boosters = BOOSTERS[:1] if kind == "best-channel" else BOOSTERS
        assert {path.name for path in folder.iterdir()} == {MANIFEST, *boosters, "MLmodel"}
        for path in folder.iterdir():
            path.read_text(encoding="utf-8")  # text, all of it
            with pytest.raises(ValueError, match=r"opcode .* unknown"):
                list(pickletools.genops(path.read_bytes()))


def test_no_customer_occurs_in_any_file_that_a_training_leaves(simulated) -> None:
    rows = simulated.log.connection.execute("SELECT DISTINCT customer_id FROM customers").fetchall()
    ids = {row[0] for row in rows}
    assert len(ids) == 1500
    files = [path for path in (simulated.shop.workspace / "artifacts").rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in [*files, simulated.shop.workspace / "mlflow.db"]:
        content = path.read_bytes()
        # an id is c- and 12 hex digits: every place where one could stand is looked at
        places = [content.find(b"c-")]
        while places[-1] >= 0:
            assert content[places[-1] : places[-1] + 14].decode("latin-1") not in ids, path
            places.append(content.find(b"c-", places[-1] + 1))


@pytest.mark.parametrize("name", [MANIFEST, *BOOSTERS])
def test_a_changed_file_is_refused(simulated, tmp_path: Path, name: str) -> None:
    version = simulated.champions.by_kind["churn"]
    sha256 = save_artefact(version.head, version.model, tmp_path)
    path = tmp_path / name
    path.write_text(path.read_text().replace("0", "1", 1))
    with pytest.raises(NextbuyError, match=r"that the registry holds|that was saved"):
        load_artefact(tmp_path, sha256)


def test_a_file_that_does_not_belong_is_refused(saved: Path) -> None:
    (saved / "model.pkl").write_bytes(b"")
    with pytest.raises(NextbuyError, match=r"got \['model.pkl'\], which no artefact"):
        load_artefact(saved)


def test_a_missing_file_is_named(saved: Path, tmp_path: Path) -> None:
    (saved / BOOSTERS[0]).unlink()
    with pytest.raises(NextbuyError, match=BOOSTERS[0]):
        load_artefact(saved)
    with pytest.raises(NextbuyError, match=f"no {MANIFEST} in it"):
        load_artefact(tmp_path / "nowhere")


def test_a_changed_feature_is_shown_as_a_difference(saved: Path) -> None:
    text = (saved / MANIFEST).read_text()
    manifest = json.loads(text)
    manifest["head"]["features"] |= {"gap_mean": "0" * 16, "gap_of_old": "1" * 16}
    (saved / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(NextbuyError) as caught:
        load_artefact(saved)
    says = str(caught.value)
    assert "gap_mean: artefact 0000000000000000, code " in says
    assert "gap_of_old: artefact 1111111111111111, code has no such feature" in says
    assert "gap_max" not in says


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 99}, "expected an artefact of format 7, got format 99"),
        ({"kind": "fortune"}, "expected the description of an artefact as JSON"),
    ],
)
def test_an_artefact_of_another_kind_or_format_is_refused(
    saved: Path, change: dict, says: str
) -> None:
    manifest = json.loads((saved / MANIFEST).read_text())
    manifest["head"] |= change
    (saved / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(NextbuyError, match=says):
        load_artefact(saved)


@pytest.mark.parametrize("what", ["target", "population"])
def test_a_pair_that_speaks_of_different_events_is_refused(what: str) -> None:
    common = {
        "shop": "s",
        "currency": "EUR",
        "cutoff": "",
        "vocabulary": Vocabulary({}),
        "features": {},
    }
    ours = ArtefactHead(kind="churn", population="buyers", **common)
    theirs = ArtefactHead(
        **{**common, "kind": "repurchase-timing", "population": "buyers", what: "other"}
    )
    with pytest.raises(NextbuyError, match=f"the churn model has the {what}"):
        check_same_event(ours, theirs)
