"""Tests of the description of a build of the store."""

import msgspec
import pytest

from features.errors import InputError
from features.history.layout import HISTORY_COLUMNS
from features.language.scope import Lookups
from features.language.vocabulary import Vocabulary
from features.store.protocol import (
    STORE_FORMAT,
    StoreInfo,
    broken_store,
    check_info,
    missing_store,
)

INFO = StoreInfo(
    format=STORE_FORMAT,
    data_cutoff=100,
    answers_from=None,
    journal_seq=0,
    timezone="UTC",
    currency="EUR",
    vocabulary=Vocabulary({"orders": ["amount"]}),
    lookups=[Lookups(30), Lookups(10), Lookups(20)],
    lookups_hash="0",
    key_fingerprint=None,
    layout=HISTORY_COLUMNS,
)


@pytest.mark.parametrize(("as_of", "built_at"), [(9, None), (10, 10), (29, 20), (1000, 30)])
def test_an_instant_has_the_newest_lookups_built_by_then(as_of: int, built_at: int | None) -> None:
    lookups = INFO.lookups_at(as_of)
    assert (None if lookups is None else lookups.built_at) == built_at


def test_a_description_is_read_as_it_was_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(INFO), type=StoreInfo) == INFO
    assert check_info(INFO, "store") is INFO


@pytest.mark.parametrize(
    "change", [{"format": 3}, {"layout": HISTORY_COLUMNS | {"orders": ("amount",)}}]
)
def test_a_build_of_another_format_or_layout_is_refused(change: dict) -> None:
    other = msgspec.structs.replace(INFO, **change)
    with pytest.raises(InputError, match=r"made by another version\. Build it again with"):
        check_info(other, "store")


def test_errors_name_the_store_and_how_to_build_it() -> None:
    assert "here: expected a history store, got none there" in str(missing_store("here"))
    broken = str(broken_store("here", ValueError("bad byte")))
    assert "bad byte" in broken and "nextbuy features --online" in broken
