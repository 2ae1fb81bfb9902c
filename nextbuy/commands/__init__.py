"""The commands of `nextbuy`, one file for each part of the work; `nextbuy.cli` joins them.

A command reads its options, calls one function of another package and shows the result. Slow
imports stand inside the commands, so that `nextbuy --help` answers at once.
"""
