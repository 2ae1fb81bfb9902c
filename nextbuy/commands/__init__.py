"""The commands, a file for each part of the work; `nextbuy.cli` puts them together.

A command reads its options, calls one function of one package and shows what comes of it. Heavy
imports stay inside the commands, so that `nextbuy --help` answers at once.
"""
