"""Computes features of one customer.

By Python functions that are generated from the declarations.
"""
