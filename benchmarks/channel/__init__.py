"""Benchmarks of the best-channel model, in simulated worlds and on public experiments."""
