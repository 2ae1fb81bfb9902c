"""Benchmarks of the channel model, in simulated worlds and on public experiments."""
