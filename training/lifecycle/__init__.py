"""Moves the champion aliases of the registry: promotion of candidates."""
