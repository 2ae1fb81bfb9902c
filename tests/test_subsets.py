"""A shop may give any subset of the optional tables and columns: what does not need training.

Whatever is left out of the tables, the features that are left say the same, the contact score is
the sum of the interactions that the shop can know of, and an answer names what it lacks.
"""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog, read_vocabulary
from features.catalog.dictionary import make_catalog
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary
from features.ledgers.journal import open_journal
from features.log.log import Log, read_log
from features.shop.shop import CONTACT_POINTS, Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.windows import to_datetime
from models.artefact import make_head
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.trait_choice import choose_traits
from models.kinds import CHURN, KINDS, TIMING
from models.registry import Champions, LoadedVersion
from serving.answers.answer_reasons import FIELDS_OF_FEATURES
from serving.answers.predictor import Predictor
from serving.decisions.decide import DecisionMaker
from serving.schemas.answer_schemas import Answer
from serving.schemas.decision_schemas import DecisionsRequest
from tests.subsets import HORIZON_DAYS, Subset, WholeShop
from training.purchase.slice_cutoffs import holdout_cutoff

CHANNELS = ("email", "phone", "sms", "web_push")
ATTRIBUTES = ("preferred_channel", "country", "attr_household_size")
CONTACT = ("contact_score", "points_sum")
ALWAYS_SHOWN = FIELDS_OF_FEATURES.keys() - {"due_category"}
ANSWER_COLUMNS = {name: f"messages.{name}_at" for name in ("opened", "clicked", "unsubscribed")}

# Columns that say when a row counts, whose it is, or what kind of row it is: without them the same
# rows mean something else, so that features are computed all the same and may say something else.
RULES = ("known_at", "cancelled_at", "store", "machine_opened")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeShop:
    return WholeShop.simulate(tmp_path_factory.mktemp("whole"), 150)


class GivenShop:
    """A shop that gives a subset, read and with features at one cutoff."""

    def __init__(self, config: Path) -> None:
        self.shop: Shop = read_shop(config)
        self.log: Log = read_log(self.shop)
        self.cutoff = holdout_cutoff(self.log, HORIZON_DAYS)
        self.catalog = read_catalog(self.log, self.cutoff)

    def features(self, catalog: Catalog | None = None) -> pd.DataFrame:
        built = build_features(self.log, [self.cutoff], catalog or self.catalog)
        return built.set_index("customer_id")


@pytest.fixture(scope="module")
def all_given(whole: WholeShop, tmp_path_factory: pytest.TempPathFactory) -> GivenShop:
    folder = tmp_path_factory.mktemp("given") / "shop"
    return GivenShop(whole.write(folder, whole.columns))


def _vocabulary(subset: Subset) -> Vocabulary:
    """Give the vocabulary of a subset, with the names of the simulated shop."""
    attributes = [name for name in ATTRIBUTES if name in subset.get("customers", ())]
    channels = list(CHANNELS) if "messages" in subset else []
    return Vocabulary(dict(subset), channels, ["north", "south"], attributes, CONTACT_POINTS)


@pytest.mark.parametrize("block", range(5))
def test_a_subset_leaves_features_out_and_changes_none_but_the_contact_score(
    whole: WholeShop, block: int
) -> None:
    full = make_catalog(_vocabulary(whole.columns))
    for seed in range(10 * block, 10 * block + 10):
        subset = whole.draw(seed)
        catalog = make_catalog(_vocabulary(subset))
        assert ALWAYS_SHOWN <= catalog.keys()
        assert catalog.keys() <= full.keys()
        changed = {n for n in catalog if catalog.hashes[n] != full.hashes[n]}
        # whether active days count events depends on the table, as the stores' families always did
        assert {n for n in changed if not any(c in n for c in CONTACT)} <= {
            n for n in catalog if catalog[n].family == "stores" and "events" not in subset
        }
        complete = {"returns", "events"} <= subset.keys() and set(ANSWER_COLUMNS.values()) <= {
            f"messages.{column}" for column in subset.get("messages", ())
        }
        assert ("contact_score" not in changed) == complete


@pytest.mark.parametrize("seed", range(20))
def test_every_channel_has_the_same_traits_of_features_that_are_there(
    whole: WholeShop, seed: int
) -> None:
    catalog = make_catalog(_vocabulary(whole.draw(seed) | {"messages": _some_messages(seed)}))
    rows = pd.DataFrame(columns=list(catalog))
    traits = choose_traits(rows, [*CHANNELS, "none"], [])
    assert set(traits.columns) <= catalog.keys()
    names = {
        tuple(t.column.removeprefix(f"{channel}_") for t in of_channel)
        for channel, of_channel in traits.own.items()
    }
    clicks = ("click_rate_182d",) if "clicked_at" in _some_messages(seed) else ()
    preferred = ("preferred",) if f"{CHANNELS[0]}_preferred" in catalog else ()
    assert names == {(*clicks, "sent_count_28d", "days_since_sent", *preferred)}


def _some_messages(seed: int) -> list[str]:
    required = ["message_id", "customer_id", "sent_at", "channel"]
    return [*required, "clicked_at"] if seed % 2 else required


@pytest.mark.parametrize(
    "lacking",
    [
        ("messages.opened_at", "messages.clicked_at", "products.brand", "orders.discount"),
        ("events.product_id", "returns.product_id", "customers.birth_year"),
        ("products", "messages.campaign_id", "customers.attr_household_size", "returns"),
    ],
)
def test_a_feature_that_is_left_has_the_value_that_it_has_in_the_whole_shop(
    whole: WholeShop, all_given: GivenShop, tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    assert not any(name.rpartition(".")[2] in RULES for name in lacking)
    given = GivenShop(whole.write(tmp_path / "given", whole.without(*lacking)))
    assert given.cutoff == all_given.cutoff
    assert given.catalog.keys() < all_given.catalog.keys()
    ours, theirs = given.features(), all_given.features()
    same = [name for name in given.catalog if not any(part in name for part in CONTACT)]
    pd.testing.assert_frame_equal(ours[same], theirs[same], rtol=1e-9)


@pytest.mark.parametrize(
    "lacking", [("opened",), ("clicked",), ("unsubscribed", "opened", "clicked")]
)
def test_the_contact_score_is_that_of_a_shop_which_gives_no_points_for_what_is_missing(
    whole: WholeShop, all_given: GivenShop, tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    points = {"opened": 2, "clicked": 5, "unsubscribed": 7}
    left = whole.without(*(ANSWER_COLUMNS[name] for name in lacking))
    given = GivenShop(whole.write(tmp_path / "given", left, contact_points=points))
    scores = [n for n in given.catalog if n.startswith("contact_score")]
    assert len(scores) == 5
    worth_nothing = CONTACT_POINTS | points | dict.fromkeys(lacking, 0)
    vocabulary = read_vocabulary(all_given.log, all_given.cutoff)
    rival = make_catalog(msgspec.structs.replace(vocabulary, points=worth_nothing)).select(scores)
    ours = given.features(given.catalog.select(scores))
    pd.testing.assert_frame_equal(ours[scores], all_given.features(rival)[scores])
    described = given.catalog.get("messages_points_sum_0d_ago")
    assert (described is None) == (len(lacking) == len(points))
    if described is not None:
        assert all(ANSWER_COLUMNS[name] in described.description for name in lacking)


def _champions(given: GivenShop) -> Champions:
    """Fit best-channel to outcomes made up at random: what matters is what it reads."""
    vocabulary = read_vocabulary(given.log, given.cutoff)
    catalog = make_catalog(vocabulary).without_texts()
    features = build_features(given.log, [given.cutoff], catalog, population="contacts")
    rng = np.random.default_rng(0)
    rows = pd.concat([features] * (1 + 1500 // len(features)), ignore_index=True)
    arms = [*vocabulary.channels, "none"]
    bought = rng.random(len(rows)) < 0.1
    rows = rows.assign(
        channel=rng.choice(arms, len(rows)), bought=bought, spend=np.where(bought, 5000.0, 0.0),
        randomised=True, propensity=1 / len(arms),
    )  # fmt: skip
    rows = add_chances(rows, arms, np.ones((len(rows), len(arms)), dtype=bool))
    traits = choose_traits(rows, arms, [])
    model = fit_channel(rows, 7, list(catalog), traits, BoosterSettings(rounds=2), seed=0)
    head = make_head(
        "best-channel", model, shop="simulated", currency="EUR",
        cutoff=to_datetime(given.cutoff).isoformat(), vocabulary=vocabulary,
    )  # fmt: skip
    return Champions({"best-channel": LoadedVersion("1", head, model, {})})


def _ask(given: GivenShop) -> tuple[list[Answer], pd.DataFrame]:
    """Ask for answers, reasons and decisions of some customers; give the answers."""
    target = store_target(given.shop)
    build_store(given.log, target, given.cutoff)
    store = FreshStore(given.shop, target.open(), open_journal(given.shop))
    predictor = Predictor(given.shop, store, _champions(given), 48, 24)
    ids = predictor.store.customer_ids()[:20]
    answers = predictor.predict(ids, given.cutoff).answers
    assert predictor.explain(ids, given.cutoff).model_dump_json()
    asking = [{"customer_id": i, "campaign": "autumn", "key": "1"} for i in ids]
    decisions = DecisionMaker(given.shop)
    request = DecisionsRequest.model_validate(
        {"decisions": asking, "as_of": to_datetime(given.cutoff).isoformat()}
    )
    decided = decisions.decide(predictor, request).decisions
    decisions.close()
    assert [d.status == "ok" for d in decided] == [a.channel is not None for a in answers]
    store.close()
    return answers, given.features(given.catalog.select(["contact_score", "activity_group"]))


DUE = "next_purchase.due is null because the shop gives no "
PREFERRED = "channel.preferred is null because the shop gives no column customers.preferred_channel"
UNCLOCKED = (
    f"{PREFERRED} that may be used: without customers.known_at, nextbuy.toml must list it among "
    "the static columns"
)
ASSUMED = "consent to email is assumed by nextbuy.toml"
ALL_POSSIBLE = (
    "the best-channel model was trained without the table consents, as if everybody had consented "
    "to every channel"
)


@pytest.mark.parametrize(
    ("lacking", "method", "says"),
    [
        (("messages.opened_at", "messages.unsubscribed_at"), "thompson", []),
        (
            ("messages.clicked_at", "products.category"),
            "thompson",
            [f"{DUE}column products.category"],
        ),
        (
            ("customers", "consents", "order_lines", "products"),
            "epsilon",
            [
                ASSUMED,
                ALL_POSSIBLE,
                PREFERRED,
                f"{DUE}table order_lines and no column products.category",
            ],
        ),
        (("customers.known_at", "messages.known_at", "identities"), "epsilon", [UNCLOCKED]),
    ],
)
def test_an_answer_has_the_contact_score_and_names_what_it_lacks(
    whole: WholeShop, tmp_path: Path, lacking: tuple[str, ...], method: str, says: list[str]
) -> None:
    assumed = {"assume_consent": ["email"]} if "consents" in lacking else {}
    config = whole.write(
        tmp_path / "shop",
        whole.without(*lacking),
        decisions={"method": method},
        channels={"fatigue": 0.01} | assumed,
    )
    answers, features = _ask(GivenShop(config))
    answered = [answer for answer in answers if answer.channel is not None]
    assert answered
    for answer in answered:
        missing = [
            f"{KINDS[kind].section} is null because no {kind} model has been promoted"
            for kind in (CHURN, TIMING)
        ]
        assert (answer.reason or "").split("; ") == [*missing, *says]
        assert answer.contact_score is not None
        assert answer.activity_group is not None
        if answer.customer_id in features.index:
            known = features.loc[answer.customer_id]
            assert answer.contact_score == known["contact_score"]
            assert answer.activity_group == known["activity_group"]
