"""Holds the language in which features are declared.

A feature sums up the rows of a relation by SQL expressions; a catalog holds features with their
relations and statistics; a vocabulary holds the free names of a shop that decide which features
exist; a scope holds what is the same for every customer at one cutoff.
"""
