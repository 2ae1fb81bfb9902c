"""The log of a shop: all its rows as they were known at any instant, in one database.

The tables of the contract, the identities of customers, posted rows merged in, objections to
profiling, and the tables of the history that features are computed from.
"""
