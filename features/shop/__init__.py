"""The settings of a shop (`nextbuy.toml`).

Their checks, contact rules, sensitive words, pseudonym keys.
"""
