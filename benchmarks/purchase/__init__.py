"""Benchmarks of the purchase models on real and simulated logs."""
