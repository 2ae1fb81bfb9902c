"""Computes the declared features.

By SQL over a whole log, with numpy over many customers, or by generated Python for one
customer.
"""
