"""Measurements with goals. Each is a make target that prints a table and writes its rows."""
