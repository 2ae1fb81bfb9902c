"""Who belongs to a population: counted beside the features that are asked for."""

from features.catalog.dictionary import make_catalog
from features.catalog.population import counting_members, member_counts
from features.language.vocabulary import Vocabulary
from tests.features.catalog.small_history import ALL_COLUMNS

_CATALOG = make_catalog(Vocabulary(ALL_COLUMNS)).select(["frequency", "messages_count_7d"])


def test_the_last_features_count_what_makes_a_member() -> None:
    counting = counting_members(_CATALOG, has_messages=True)
    assert list(counting) == [*_CATALOG, "known purchases", "known sent_messages"]
    assert {name: counting.hashes[name] for name in _CATALOG} == _CATALOG.hashes
    assert member_counts(counting, "buyers") == ["known purchases"]
    assert member_counts(counting, "contacts") == ["known purchases", "known sent_messages"]


def test_without_messages_contacts_are_buyers() -> None:
    counting = counting_members(_CATALOG, has_messages=False)
    assert member_counts(counting, "contacts") == ["known purchases"]


def test_messages_of_every_age_and_of_control_groups_count() -> None:
    counting = counting_members(_CATALOG, has_messages=True)
    relation = counting.relations["sent_messages"]
    assert (relation.where, relation.lookback) == ("", None)
    assert counting.lookbacks["sent_messages"] is None
