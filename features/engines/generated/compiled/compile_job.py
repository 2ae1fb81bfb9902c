"""Compiles a generated source in a process of its own, and keeps its object code in a cache.

`python -m features.engines.generated.compiled.compile_job <folder>` reads the source from its
input. A server starts it, because numba is large and compiling takes seconds of CPU.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from features.engines.generated.compiled.code_cache import CodeCache, code_key


class GeneratedSource(msgspec.Struct, frozen=True):
    """A source to be compiled.

    Attributes
    ----------
    source : str
        From `SourceSections.text`.
    functions : list of str
        The functions that its `run` calls.
    """

    source: str
    functions: list[str]


def start_compiling(folder: Path, source: GeneratedSource) -> subprocess.Popen[bytes]:
    """Start a process that compiles a source and writes it to the cache of a folder."""
    job = subprocess.Popen(
        [sys.executable, "-m", "features.engines.generated.compiled.compile_job", str(folder)],
        stdin=subprocess.PIPE,
    )
    assert job.stdin is not None
    with job.stdin:
        job.stdin.write(msgspec.json.encode(source))
    return job


def compile_into(folder: Path, given: GeneratedSource) -> None:
    """Compile a source and write it to the cache of a folder."""
    from features.engines.generated.compiled.compiler import (
        compile_source,  # numba: for this job alone
    )

    CodeCache(folder).write(code_key(given.source), compile_source(given.source, given.functions))


if __name__ == "__main__":
    compile_into(
        Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=GeneratedSource)
    )
