"""Computes features by SQL over a whole log, in DuckDB or Spark, and the population's lookups."""
