"""Compiles a generated source in a process of its own, and keeps its object code in a cache.

`python -m features.engines.generated.compiled.compile_job <folder>` reads the source from its
input. A server starts it, because numba is large and compiling takes seconds of CPU.
"""

import subprocess
import sys
from contextlib import suppress
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


def start_compiling(folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that compiles the source it is sent, into the cache of a folder."""
    command = [sys.executable, "-m", "features.engines.generated.compiled.compile_job", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def send_source(job: subprocess.Popen[bytes], source: GeneratedSource) -> None:
    """Send a process that compiles its source; returns when it has read it, or has ended."""
    assert job.stdin is not None
    with suppress(BrokenPipeError), job.stdin:  # its exit code says that it failed
        job.stdin.write(msgspec.json.encode(source))


def compile_into(folder: Path, given: GeneratedSource) -> None:
    """Compile a source and write it to the cache of a folder."""
    # here, because it loads numba
    from features.engines.generated.compiled.compiler import compile_source

    CodeCache(folder).write(code_key(given.source), compile_source(given.source, given.functions))


if __name__ == "__main__":
    compile_into(
        Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=GeneratedSource)
    )
