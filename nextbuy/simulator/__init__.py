"""Simulates a shop whose customers' true behaviour is known."""
