"""The history of one customer: all rows of the log that are about them.

Its tables and columns, its form as arrays, its packed record, and its accounts put together.
"""
