"""Takes a model's score apart into reasons, and writes each reason as a sentence.

A reason says how much a feature changed a score, or set a recommended channel apart from the
runner-up.
"""
