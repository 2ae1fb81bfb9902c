"""Tests of a shop's vocabulary: which free names it refuses, and what it gives."""

import pytest

from features.errors import InputError
from features.language.vocabulary import Vocabulary, attribute_feature_names

ALL_COLUMNS = {"orders": ["amount", "discount"], "customers": ["country"]}


@pytest.mark.parametrize("other", ["attr_tier_share", "attr_TIER_share", "attr_Tier"])
def test_attributes_that_make_a_feature_of_one_name_are_named_both(other: str) -> None:
    for attributes in (["attr_tier", other], [other, "attr_tier"]):
        with pytest.raises(InputError) as caught:
            Vocabulary(ALL_COLUMNS, attributes=attributes)
        assert "customers.attr_tier" in str(caught.value)
        assert f"customers.{other}" in str(caught.value)
        assert "Rename one of the two in [tables.customers] columns" in str(caught.value)


@pytest.mark.parametrize("kind", ["channels", "stores", "attributes"])
@pytest.mark.parametrize("name", ["@email", "e\0mail"])
def test_a_name_that_no_feature_can_be_called_by_is_refused(kind: str, name: str) -> None:
    with pytest.raises(InputError, match=f"{kind}: expected names that neither begin with @"):
        Vocabulary(ALL_COLUMNS, **{kind: [name]})


def test_a_column_is_given_by_its_table_and_name() -> None:
    vocabulary = Vocabulary(ALL_COLUMNS)
    assert vocabulary.gives("orders.discount")
    assert not vocabulary.gives("orders.country")
    assert not vocabulary.gives("returns.amount")


def test_an_attribute_has_two_features() -> None:
    assert attribute_feature_names("country") == ("country", "country_share")
