"""Whether a history store, the champions and the settings fit each other."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from features.errors import NextbuyError
from features.shop.shop import Shop, read_shop
from features.store.address import store_path, store_target
from features.store.protocol import StoreInfo
from features.store.sqlite_store import SqliteStore
from models.channel.occasion import possible_column
from models.registry import Champions
from serving.answers.predictor import Predictor, load_predictor
from serving.answers.replenishment import CYCLES_LISTING
from serving.answers.store_compatibility import check_same_settings, select_catalogs


@pytest.mark.parametrize(
    ("was", "now"), [('currency = "EUR"', 'currency = "JPY"'), ("Europe/Warsaw", "Asia/Tokyo")]
)
def test_settings_that_changed_after_the_build_are_refused(
    simulated, tmp_path: Path, was: str, now: str
) -> None:
    """Else 237 EUR would be answered as 23,700 JPY."""
    config = tmp_path / "nextbuy.toml"
    workspace = f'workspace = "{simulated.shop.workspace}"\n'
    text = (
        simulated.config.read_text().replace(was, now).replace("[shop]\n", "[shop]\n" + workspace)
    )
    config.write_text(text)
    with pytest.raises(NextbuyError, match="the history store was made with EUR and Europe/Warsaw"):
        load_predictor(read_shop(config), 48, 24)


def test_a_store_without_a_table_that_the_models_read_is_refused(
    simulated, predictor: Predictor
) -> None:
    info = predictor.store.info
    tables = {"orders": info.vocabulary.tables["orders"]}
    vocabulary = msgspec.structs.replace(info.vocabulary, tables=tables)
    orders_only = msgspec.structs.replace(info, vocabulary=vocabulary)
    store = SqliteStore(store_path(simulated.shop))
    store.info = orders_only
    with pytest.raises(NextbuyError, match=r"email_.*built without the table or column"):
        replace(predictor, store=store)
    store.close()


def test_a_channel_that_is_no_longer_used_is_no_reason_to_stop(
    simulated, predictor: Predictor
) -> None:
    store = SqliteStore(store_path(simulated.shop))
    vocabulary = msgspec.structs.replace(store.info.vocabulary, channels=[])
    store.info = msgspec.structs.replace(store.info, vocabulary=vocabulary)
    answers = replace(predictor, store=store).predict(store.customer_ids()[:5], simulated.cutoff)
    assert {a.status for a in answers.answers} <= {"ok", "refused"}
    store.close()


@pytest.fixture
def info(shop: Shop) -> StoreInfo:
    """Read the header of the tiny shop's store, of orders alone."""
    store = store_target(shop).open()
    store.close()
    return store.info


def test_a_store_that_was_built_with_another_pseudonym_key_is_refused(
    shop: Shop, info: StoreInfo
) -> None:
    check_same_settings(shop, info, Champions({}))
    other = msgspec.structs.replace(info, key_fingerprint="of another key")
    with pytest.raises(NextbuyError, match="built with another pseudonym key, or without one"):
        check_same_settings(shop, other, Champions({}))


def test_a_store_without_the_attribute_that_decisions_are_drawn_by_is_refused(
    shop: Shop, info: StoreInfo
) -> None:
    channels = msgspec.structs.replace(shop.channels, cluster_by="attr_household")
    clustered = msgspec.structs.replace(shop, channels=channels)
    with pytest.raises(
        NextbuyError, match=r"cluster_by = 'attr_household'.* without that attribut"
    ):
        check_same_settings(clustered, info, Champions({}))
    vocabulary = msgspec.structs.replace(info.vocabulary, attributes=["attr_household"])
    known = msgspec.structs.replace(info, vocabulary=vocabulary)
    check_same_settings(clustered, known, Champions({}))


def test_a_champion_that_was_trained_in_another_currency_is_named(
    shop: Shop, info: StoreInfo
) -> None:
    version = SimpleNamespace(version="7", head=SimpleNamespace(currency="XTS"))
    champions: Any = SimpleNamespace(by_kind={"churn": version})
    with pytest.raises(NextbuyError, match="churn version 7 was made with XTS"):
        check_same_settings(shop, info, champions)


def test_without_champions_the_features_that_answers_show_are_selected(info: StoreInfo) -> None:
    (catalog,) = select_catalogs(info, Champions({}))
    assert catalog.keys() >= {"T", "gap_median", "activity_group", "contact_score"}
    assert "due_category" not in catalog
    assert CYCLES_LISTING not in catalog


def _champions_of(info: StoreInfo, names: set[str], **points: int) -> Champions:
    """Make a stand-in for a champion that reads features under other contact points."""
    vocabulary = msgspec.structs.replace(info.vocabulary, points=info.vocabulary.points | points)
    version = SimpleNamespace(
        head=SimpleNamespace(vocabulary=vocabulary), model=SimpleNamespace(inputs=list(names))
    )
    return cast(Champions, SimpleNamespace(by_kind={"churn": version}))


def test_champions_of_the_stores_vocabulary_share_its_catalog(info: StoreInfo) -> None:
    (catalog,) = select_catalogs(info, _champions_of(info, {"frequency", "T"}))
    assert "frequency" in catalog


def test_what_a_champion_reads_of_the_situation_is_no_feature_of_the_store(info: StoreInfo) -> None:
    (catalog,) = select_catalogs(info, _champions_of(info, {"frequency", possible_column("email")}))
    assert possible_column("email") not in catalog


def test_a_feature_that_a_champion_computes_otherwise_is_refused(info: StoreInfo) -> None:
    kept = _champions_of(info, {"frequency"}, purchase=1000)
    assert len(select_catalogs(info, kept)) == 2
    changed = _champions_of(info, {"contact_score"}, purchase=1000)
    with pytest.raises(NextbuyError, match=r"contact_score.* were computed otherwise .*Train"):
        select_catalogs(info, changed)


def test_a_store_of_other_ids_is_refused(simulated, predictor: Predictor) -> None:
    shop = msgspec.structs.replace(simulated.shop, fold="case")
    with pytest.raises(NextbuyError, match=r"customers\.fold = 'case'.*built with 'none'"):
        check_same_settings(shop, predictor.store.info, predictor.champions)
