"""Runs the generated source as it stands, where nothing compiled is at hand or it would not pay."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from features.engines.generated.block_rows import BlockRows
from features.engines.generated.flat_functions import FUNCTIONS
from features.engines.generated.source_sections import RUN_PARAMETERS

_NAMESPACE: Mapping[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "ln": math.log,
    "sqrt": math.sqrt,
    "fmod": math.fmod,
    **{function.__name__: function for function in FUNCTIONS},
}
_SCRATCH = ("rows", "counts", "index", "state", "out")  # come with any values, or with zeros


class InterpretedRun:
    """A function `run` in Python. Lists are read and written several times faster than arrays.

    Parameters
    ----------
    source : str
        From `SourceSections.text`.
    """

    def __init__(self, source: str) -> None:
        namespace = dict(_NAMESPACE)
        exec(compile(source, "<features>", "exec"), namespace)
        self._function: Callable[..., None] = namespace["run"]

    def __call__(self, *arguments: Any) -> None:
        """Run the function over arrays; takes what `CompiledRun` takes."""
        given = dict(zip(RUN_PARAMETERS, arguments, strict=True))
        lists = {name: _as_lists(name, value) for name, value in given.items()}
        self._function(*lists.values())
        given["out"][:] = lists["out"]
        for array, values in zip(given["listed"], lists["listed"], strict=True):
            array[:] = values


def _as_lists(name: str, argument: Any) -> Any:
    kind = RUN_PARAMETERS[name]
    if name in _SCRATCH:
        return [0] * len(argument)
    if kind in ("int", "float"):
        return argument
    if isinstance(argument, BlockRows):
        return argument.lists()
    if name == "lookups":  # one value for each text of a build, of which few are read
        return [memoryview(array) for array in argument]
    if kind.startswith("arrays of "):
        return [array.tolist() for array in argument]
    return argument.tolist()
