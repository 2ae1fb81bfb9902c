"""Ledgers: tables to which rows are only added, in SQLite or PostgreSQL.

The journal of posted rows, the decisions, and the check of rows that are posted.
"""
