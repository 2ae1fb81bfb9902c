"""Builds the history store from a log.

A build is written beside the one that is served and replaces it in one step.
"""
