"""Compiles the generated source to object code, with numba.

Everything becomes one function without exceptions, so that the object code calls nothing but the C
library's mathematics: it can be loaded without numba, and it needs no lock of the interpreter.
Only processes that compile import this module.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf, log, nan, sqrt
from typing import Any

import numpy as np
from numba import cfunc, njit, types

from features.engines.generated.compiled.object_code import ObjectCode
from features.engines.generated.flat_functions import FUNCTIONS
from features.engines.generated.source_sections import RUN_PARAMETERS

_INTS, _FLOATS, _CODES = (types.CPointer(t) for t in (types.int64, types.float64, types.int32))
_TYPES: dict[str, Any] = {
    "int": types.int64,
    "float": types.float64,
    "ints": _INTS,
    "floats": _FLOATS,
    "codes": _CODES,
    "arrays of ints": types.CPointer(_INTS),
    "arrays of floats": types.CPointer(_FLOATS),
    "arrays of codes": types.CPointer(_CODES),
}
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # a division by 0 gives infinity, no exception
    "no_cpython_wrapper": True,  # Python calls none of the functions
    "no_rewrites": True,  # which concern arrays of numpy
}


def compile_source(source: str, functions: Sequence[str]) -> ObjectCode:
    """Compile a generated source for the CPU of this machine.

    Parameters
    ----------
    source : str
        From `SourceSections.text`.
    functions : sequence of str
        The functions that its `run` calls.

    Returns
    -------
    ObjectCode
    """
    namespace: dict[str, Any] = {"nan": nan, "inf": inf, "ln": log, "sqrt": sqrt, "fmod": np.fmod}
    namespace |= {f.__name__: njit(f, forceinline=True, **_OPTIONS) for f in FUNCTIONS}
    exec(compile(source, "<features>", "exec"), namespace)
    for name in functions:
        namespace[name] = njit(namespace[name], forceinline=True, **_OPTIONS)
    signature = types.void(*(_TYPES[kind] for kind in RUN_PARAMETERS.values()))
    with _uncollected():
        run = cfunc(signature, nopython=True, **_OPTIONS)(namespace["run"])
    return ObjectCode(run.native_name, run._library._get_compiled_object())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of garbage from going through what numba holds, again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
