"""Computes features of one customer, by Python functions generated from the declarations.

The source of such a function is written in blocks and sections, and compiled once.
"""
