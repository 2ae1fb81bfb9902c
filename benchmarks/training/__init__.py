"""Benchmarks of what a training costs, and what more customers gain."""
