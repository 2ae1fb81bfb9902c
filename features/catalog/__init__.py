"""Declares every feature of Nextbuy, one file per family.

Beside the families stand the relations that the features read, the dictionary that puts all of
them together for a shop, and the glossary that describes them.
"""
