"""Builds the history store from a log.

Beside the one that is served, which it then replaces in one step.
"""
