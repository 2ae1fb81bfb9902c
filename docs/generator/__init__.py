"""Writes the pages of docs/reference/ from the code: `make reference`.

The generator stands beside the pages that it writes, and not in one of the packages, because it
reads all of them and nobody who installs Nextbuy needs it. A test writes the pages again and holds
them against those that are committed, so that none of them is ever stale.
"""
