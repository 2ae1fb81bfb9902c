"""Reasons of an answer: how much each feature changed it, and the sentences that state that."""
