"""Computes features by SQL over a whole log.

In DuckDB or Spark, with the lookups of its population.
"""
