"""The log of a shop as it was known at an instant.

Its tables, identities, posted rows and objections.
"""
