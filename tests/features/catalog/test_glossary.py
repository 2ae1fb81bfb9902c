from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY, describe_features

ENTRIES = {entry.name: entry for entry in describe_features(make_catalog(FULL_VOCABULARY))}


def test_an_entry_says_what_is_read_and_how_far_back() -> None:
    assert ENTRIES["frequency"].tables == ["orders"]
    assert ENTRIES["frequency"].lookback is None
    assert ENTRIES["view_count_28d"].lookback == 28
    assert ENTRIES["days_since_event"].lookback == 182  # of its relation
    assert ENTRIES["price_index_mean_365d"].tables == ["order_lines"]
    assert ENTRIES["<channel>_click_rate_182d"].lookback == 182
    assert ENTRIES["activity_group"].lookback == 90


def test_there_are_enough_of_them_and_not_too_many() -> None:
    shop = len(ENTRIES) + 3 * sum(name.startswith("<channel>") for name in ENTRIES)
    assert 200 <= len(ENTRIES) <= shop <= 241
