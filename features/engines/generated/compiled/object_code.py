"""Loads object code and calls it, with llvmlite alone.

While the code runs, the interpreter's lock is free for other threads.
"""

import ctypes
from typing import Any

import llvmlite.binding as llvm
import msgspec

from features.engines.generated.block_rows import BlockRows, address_of
from features.engines.generated.source_sections import RUN_PARAMETERS


class ObjectCode(msgspec.Struct, frozen=True):
    """A compiled function `run` for one kind of CPU.

    Attributes
    ----------
    name : str
        The function's name in the code.
    code : bytes
        An object file.
    """

    name: str
    code: bytes


class CompiledRun:
    """A function `run` that is loaded into the process.

    Parameters
    ----------
    code : ObjectCode
        Made for this CPU.
    """

    def __init__(self, code: ObjectCode) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code.code))
        self._engine.finalize_object()
        types: list[Any] = [_C_TYPES.get(kind, ctypes.c_void_p) for kind in RUN_PARAMETERS.values()]
        address = self._engine.get_function_address(code.name)
        self._function = ctypes.CFUNCTYPE(None, *types)(address)

    def __call__(self, *arguments: Any) -> None:
        """Run the function over arrays, which it reads and writes where they are.

        Parameters
        ----------
        *arguments : int, float, array, sequence of array or BlockRows
            As `RUN_PARAMETERS` says; arrays are contiguous, of int64, float64 or int32 (codes).
        """
        self._function(
            *(
                argument if kind in _C_TYPES else _pointer(kind, argument)
                for kind, argument in zip(RUN_PARAMETERS.values(), arguments, strict=True)
            )
        )


_C_TYPES = {"int": ctypes.c_int64, "float": ctypes.c_double}


def _pointer(kind: str, argument: Any) -> Any:
    """Return the address of an array, or an array of the addresses of several."""
    if not kind.startswith("arrays of "):
        return address_of(argument)
    if isinstance(argument, BlockRows):
        addresses = argument.addresses()
    else:
        addresses = [address_of(array) for array in argument]
    return (ctypes.c_void_p * len(addresses))(*addresses)
