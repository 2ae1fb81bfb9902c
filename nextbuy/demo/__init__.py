"""The demo.

Two shops (simulated and CDNOW) taken from their logs to predictions by one command.
"""
