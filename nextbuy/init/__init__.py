"""Writes the first `nextbuy.toml` of a shop from its exports.

The presets know the exports of shop systems; what they do not know is mapped by its names.
"""
