"""The settings of a shop (`nextbuy.toml`): read, checked, and put to use.

Rules of contact, names that are too sensitive for features, and pseudonyms of customer ids.
"""
