"""The addresses of the compiled inner loops of NumPy's and SciPy's functions.

A ufunc has an array of C functions, one for each combination of types. Their signature is public (NumPy's C
API, `PyUFuncObject`): void loop(char **args, npy_intp *dimensions, npy_intp *steps, void *data). The
interpreter calls the same functions as NumPy. So it gives the same digits, and uses NumPy's vector
instructions for this processor.
"""

import ctypes
import re
import sys
from functools import cache
from typing import NamedTuple

import numpy as np


class _Object(ctypes.Structure):
    """The first members of PyUFuncObject, in the order of numpy/ufuncobject.h."""

    _fields_ = [
        ("head", ctypes.c_byte * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
        ("reserved1", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("types", ctypes.POINTER(ctypes.c_byte)),
    ]


class Loop(NamedTuple):
    """An inner loop: its address, and its last argument."""

    address: int
    data: int


@cache
def find_loop(ufunc, dtypes):
    """The loop of a ufunc for these dtypes, inputs then outputs; None if every loop needs Python."""
    if sys.implementation.name != "cpython" or any(dtype.kind not in "biufc" for dtype in dtypes):
        return None
    found = _Object.from_address(id(ufunc))
    if (found.nin, found.nout, found.ntypes) != (ufunc.nin, ufunc.nout, ufunc.ntypes):
        return None
    wanted = [dtype.num for dtype in dtypes]
    for k in range(found.ntypes):
        if found.types[k * found.nargs : (k + 1) * found.nargs] == wanted and found.functions[k]:
            return Loop(found.functions[k], found.data[k] or 0)
    return None


def core_dimensions(ufunc):
    """The names of the core dimensions of each operand: [["n", "k"], ["k", "m"], ["n", "m"]] for matmul."""
    groups = re.findall(r"\(([^)]*)\)", ufunc.signature)
    return [[name.strip(" ?") for name in group.split(",") if name.strip()] for group in groups]


def resolve(ufunc, inputs):
    """The dtypes of the loop that NumPy would choose; inputs are arrays or Python numbers."""
    kinds = [x.dtype if isinstance(x, np.ndarray) else type(x) for x in inputs]
    return ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
