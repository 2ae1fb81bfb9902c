"""The history of one customer.

Its columns, its arrays, its packed record, the accounts it is made of.
"""
