"""A terminal of 80 columns, where long values go on in the next line and none is cut."""

import io

import pytest
from rich.console import Console


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)
