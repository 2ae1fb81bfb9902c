"""Computes features by SQL over a whole log, in DuckDB or Spark.

The build of the features, the lookups of the population, and the export of the history as files
that Spark reads.
"""
