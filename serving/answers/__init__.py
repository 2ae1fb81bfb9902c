"""Computes the answers for customers: predictions, recommended channels and their reasons.

An answer is computed from the histories of the history store with the champions, the promoted
models.
"""
