"""Reads and checks one shop in a process of its own, and prints what that used, as JSON."""

import sys
from pathlib import Path

import msgspec

from benchmarks.measured import use
from features.log.log import read_log
from features.shop.shop import read_shop

if __name__ == "__main__":
    shop = read_shop(Path(sys.argv[1]))
    sys.stdout.write(msgspec.json.encode(use(lambda: read_log(shop).close())).decode())
