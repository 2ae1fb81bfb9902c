"""Reasons of an answer: how much each feature moved it, and the sentences that say so."""
