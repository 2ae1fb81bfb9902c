"""Execute every notebook from top to bottom, and refuse one that was committed with output.

Run with `make notebooks`, which executes as many at a time as there are cores. A notebook fails
where a cell raises; its last cell asserts what it set out to show. Nothing is written back.
"""

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from rich.console import Console

console = Console()


def execute(path: Path) -> None:
    """Execute one notebook in a folder of its own."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs or cell.execution_count for cell in code):
        sys.exit(f"{path}: holds output; clear it before committing")
    if "assert" not in code[-1].source:
        sys.exit(f"{path}: its last cell asserts nothing")
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    console.print(f"{path.name}: {len(code)} cells in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    notebooks = sorted(Path(__file__).parent.glob("*.ipynb"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each has a process of its own
        list(pool.map(execute, notebooks))
