"""Benchmarks of what an answer costs."""
