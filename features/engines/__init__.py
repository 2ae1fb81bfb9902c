"""One declaration computed three ways: DuckDB, Spark, and numpy over one history."""
