"""Who belongs to a population: counted beside the features that are asked for."""

import pytest

from features.catalog.dictionary import make_catalog
from features.catalog.population import counting_members
from features.language.vocabulary import Vocabulary
from tests.features.catalog.small_history import ALL_COLUMNS

_CATALOG = make_catalog(Vocabulary(ALL_COLUMNS)).select(["frequency", "messages_count_7d"])


@pytest.mark.parametrize(
    ("population", "has_messages", "counted"),
    [
        ("buyers", True, ["purchases"]),
        ("contacts", True, ["purchases", "sent_messages"]),
        ("contacts", False, ["purchases"]),
    ],
)
def test_the_last_features_count_what_makes_a_member(
    population, has_messages: bool, counted: list[str]
) -> None:
    counting = counting_members(_CATALOG, population, has_messages)
    assert list(counting) == [*_CATALOG, *(f"known {relation}" for relation in counted)]
    assert {name: counting.hashes[name] for name in _CATALOG} == _CATALOG.hashes


def test_messages_of_every_age_and_of_control_groups_count() -> None:
    counting = counting_members(_CATALOG, "contacts", has_messages=True)
    relation = counting.relations["sent_messages"]
    assert (relation.where, relation.lookback) == ("", None)
    assert counting.lookbacks["sent_messages"] is None
