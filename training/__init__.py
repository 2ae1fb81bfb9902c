"""Trains, back-tests and registers the models; the only package that reads past a cutoff.

The server never imports it, so that no answer can be computed from the future. Beside the rooms
stand the labels, the decisions that were carried out, the support that the data gives a model,
and the two jobs: the training and the study of policies.
"""
