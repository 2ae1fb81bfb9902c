"""Ledgers, tables that only grow.

The journal of posted events and the decisions, in SQLite or PostgreSQL.
"""
