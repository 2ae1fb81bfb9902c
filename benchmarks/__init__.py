"""Benchmarks with goals: each is a make target that prints a table and writes its rows as JSON."""
