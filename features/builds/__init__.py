"""Builds the features of all customers at a cutoff, from a shop's log."""
