"""Effects corrected by trees, in a world of steps whose truth is known."""

import json
import pickletools
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.errors import NextbuyError
from features.language.vocabulary import Vocabulary
from models.artefact import MANIFEST, load_artefact, make_head, save_artefact
from models.boosters.booster import BoosterSettings
from models.channel.effects.effect_corrections import fit_corrections, reference_arm
from models.channel.model import ChannelModel
from tests.step_world import ARMS, draw_messages, fit_exploring

STEP = 0.5
SETTINGS = BoosterSettings(rounds=60, min_rows=1000, l2=1000.0)
VOCABULARY = Vocabulary(
    {
        "orders": ["customer_id", "ordered_at", "amount"],
        "messages": ["customer_id", "message_id", "sent_at", "channel", "clicked_at"],
    },
    channels=["email", "sms"],
)


@pytest.fixture(scope="module")
def learned() -> pd.DataFrame:
    return draw_messages(36_000, STEP, seed=0)[0]


@pytest.fixture(scope="module")
def exploring(learned: pd.DataFrame) -> ChannelModel:
    return fit_exploring(learned)


@pytest.fixture(scope="module")
def rich(exploring: ChannelModel, learned: pd.DataFrame) -> ChannelModel:
    return fit_corrections(exploring, learned, fit_exploring, SETTINGS, seed=1)


def test_corrections_find_steps_that_slopes_cannot_describe(
    exploring: ChannelModel, rich: ChannelModel
) -> None:
    rows, p = draw_messages(5000, STEP, seed=9)
    for place, arm in ((0, "email"), (2, "sms")):
        true = p[:, place] - p[:, 1]
        before, after = (model.uplift(rows)[arm].value for model in (exploring, rich))
        assert np.abs(after - true).mean() < 0.5 * np.abs(before - true).mean()
        # e-mail is drawn twice as often for some: that is no effect
        assert after.mean() == pytest.approx(true.mean(), abs=0.01)
    assert rich.level == "rich"
    assert set(rich.corrections) == {"email", "sms"}
    assert (rich.predict(rows)["none"] == exploring.predict(rows)["none"]).all()


def test_the_interval_of_an_uplift_moves_with_it(rich: ChannelModel) -> None:
    rows, _ = draw_messages(500, STEP, seed=9)
    for uplift in rich.uplift(rows).values():
        assert (uplift.low < uplift.value).all()
        assert (uplift.value < uplift.high).all()


def test_draws_spread_around_the_corrected_prediction(rich: ChannelModel) -> None:
    rows, _ = draw_messages(20, STEP, seed=9)
    drawn, p = rich.compute_predictions(rows).draw_posterior(), rich.predict(rows)
    for arm in ARMS:
        assert drawn[arm].mean(axis=0) == pytest.approx(p[arm], rel=0.05)


def test_what_surely_beats_another_follows_the_corrected_effects(
    exploring: ChannelModel, rich: ChannelModel
) -> None:
    rows, p = draw_messages(500, STEP, seed=9)
    best = rich.fixed_order[0]
    (other,) = {"email", "sms"} - {best}
    says = rich.compute_predictions(rows).surely_beats(other, best)
    gains = p[:, ARMS.index(other)] > p[:, ARMS.index(best)]
    assert (says == gains).mean() > 0.95
    # of the steps a slope over the base's correction, which learned some of them, knows little
    before = exploring.compute_predictions(rows).surely_beats(other, best)
    assert (before == gains).mean() < 0.65


def test_one_row_and_many_are_answered_alike(rich: ChannelModel) -> None:
    rows, _ = draw_messages(30, STEP, seed=9)
    alone = [rich.predict(rows.iloc[[i]])["sms"][0] for i in range(30)]
    assert alone == pytest.approx(rich.predict(rows)["sms"].tolist(), abs=1e-12)


def test_a_corrected_probability_stays_between_zero_and_one(rich: ChannelModel) -> None:
    rows, _ = draw_messages(100, STEP, seed=9)
    impossible = msgspec.structs.replace(rich, base_rate=1e-5)
    for p in impossible.predict(rows).values():
        assert ((p > 0) & (p < 1)).all()


def test_without_a_drawn_no_message_effects_count_from_the_best_arm(learned: pd.DataFrame) -> None:
    rows = learned[learned["channel"] != "none"].head(12_000)
    exploring = fit_exploring(rows)
    found = fit_corrections(exploring, rows, fit_exploring, SETTINGS, seed=1)
    best = exploring.fixed_order[0]
    assert reference_arm(exploring) == best
    assert set(found.corrections) == {"email", "sms"} - {best}
    assert found.uplift(rows) == {}


def test_an_artefact_holds_a_booster_per_arm_as_text(rich: ChannelModel, tmp_path: Path) -> None:
    about = {"shop": "s", "currency": "EUR", "cutoff": ""}
    head = make_head("best-channel", rich, vocabulary=VOCABULARY, **about)
    sha256 = save_artefact(head, rich, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {MANIFEST, *(f"booster-{place}.txt" for place in (1, 2, 3))}
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match=r"opcode .* unknown"):
            list(pickletools.genops(path.read_bytes()))
    found_head, found = load_artefact(tmp_path, sha256)
    assert (found_head, found.level) == (head, "rich")
    rows, _ = draw_messages(100, STEP, seed=9)
    np.testing.assert_equal(found.predict(rows), rich.predict(rows))


@pytest.mark.parametrize(
    "name",
    ["booster-0.txt", "booster-1.txt.so", "booster-x.txt", "a-booster-1.txt", "booster-.txt"],
)
def test_a_file_that_is_only_like_a_booster_is_refused(
    exploring: ChannelModel, tmp_path: Path, name: str
) -> None:
    about = {"shop": "s", "currency": "EUR", "cutoff": ""}
    save_artefact(
        make_head("best-channel", exploring, vocabulary=VOCABULARY, **about), exploring, tmp_path
    )
    (tmp_path / name).write_text("")
    with pytest.raises(NextbuyError, match="which no artefact of Nextbuy has"):
        load_artefact(tmp_path)


def test_a_manifest_cannot_name_a_file_elsewhere(exploring: ChannelModel, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    about = {"shop": "s", "currency": "EUR", "cutoff": ""}
    save_artefact(
        make_head("best-channel", exploring, vocabulary=VOCABULARY, **about), exploring, folder
    )
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {"../booster-1.txt": manifest["files"]["booster-1.txt"]}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / "booster-1.txt").rename(tmp_path / "booster-1.txt")
    with pytest.raises(NextbuyError, match="expected the file that was saved"):
        load_artefact(folder)
