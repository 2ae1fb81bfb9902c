"""Computes the answers of the service: predictions, recommended channels, and explanations.

An answer is computed from the histories of the history store with the champions, the promoted
models, once it is checked that store and champions go together. The explanations that
`POST /v1/explain` gives are answers too; their reasons come from `models/reasons`.
"""
