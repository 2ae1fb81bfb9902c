"""Compiles the generated source, keeps its object code, and calls it.

Only `compiler` imports numba, and only a process that compiles imports `compiler`.
"""
