"""The input contract.

The tables and columns that a shop gives, how their values are read, what keys a row.
"""
