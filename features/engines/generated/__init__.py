"""Computes the features of customers from flat columns, by functions generated from declarations.

The source is written in blocks and sections. It is in the part of Python that can be compiled, so
that one source serves one customer and a whole shop.
"""
