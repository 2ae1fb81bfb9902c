"""Builds the history store from a log: records of customers and products, and kept lookups.

A build is written beside the one that is served and replaces it in one step.
"""
