"""Computes features with numpy over the histories of many customers at once."""
