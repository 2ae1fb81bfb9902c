"""The input contract: what the tables of a shop must look like.

The tables and their columns, the SQL that reads raw values into the contract's types, the
checks of the rows, and the key that tells one row from another.
"""
