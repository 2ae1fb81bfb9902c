"""The language in which a feature is declared.

Features, relations, SQL expressions, catalogs of them.
"""
