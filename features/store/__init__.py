"""The history store that the service reads: one packed record per customer.

The store is an embedded SQLite file, or Redis where several hosts share it; posted rows are added
while it is read.
"""
