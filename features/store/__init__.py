"""The history store that the service reads.

One packed record per customer, in SQLite or Redis.
"""
