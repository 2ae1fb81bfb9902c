"""Trains, back-tests and registers the models; the only package that reads past a cutoff.

The server never imports it, so that no answer can be computed from the future.
"""
