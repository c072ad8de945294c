"""Arrays that record the operations on them."""

from contextlib import contextmanager

import numpy as np

from skbackprop.replay.interpreter import WIDTH
from skbackprop.replay.rows import CannotReplayError

# functions of NumPy other than ufuncs that only return a view
VIEWS = {
    *(np.broadcast_to, np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.squeeze),
    *(
        np.expand_dims,
        np.atleast_2d,
        np.matrix_transpose,
        np.split,
        np.array_split,
        np.shape,
        np.ndim,
        np.size,
    ),
}
# methods that read values or make a new array
REFUSED = (
    *("argsort", "astype", "choose", "compress", "copy", "cumprod", "cumsum", "dot", "item", "nonzero"),
    *("partition", "put", "repeat", "searchsorted", "sort", "tobytes", "tolist"),
    *("__bool__", "__float__", "__index__", "__int__"),
)


class Tape:
    """The calls of a step, as functions of a `Program`; `refusal` says why it cannot be replayed."""

    def __init__(self, program):
        self.program = program
        self.refusal = None
        self.memory = set()

    def wrap(self, leaf):
        """A recorded view of an array, or a recorded generator; other objects are not changed."""
        if isinstance(leaf, np.ndarray):
            self.memory.add(id(_owner(leaf)))
            array = leaf.view(TapedArray)
            array.tape = self
            return array
        return TapedGenerator(leaf, self) if isinstance(leaf, np.random.Generator) else leaf

    def refuse(self, reason):
        self.refusal = self.refusal or reason

    def write(self, method, *arguments, **settings):
        """Add rows to the program. Arrays made by a step are refused, because their addresses change."""
        if self.refusal is not None:
            return
        arrays = [a for part in arguments for a in (part if isinstance(part, list | tuple) else [part])]
        if any(isinstance(a, TapedArray) and id(_owner(a)) not in self.memory for a in arrays):
            return self.refuse("the step makes an array")
        with self._refusing():
            getattr(self.program, method)(*map(plain, arguments), **settings)

    def code(self):
        """The rows of the program; no rows if anything was refused."""
        code = np.empty((0, WIDTH), np.int64)
        with self._refusing():
            code = code if self.refusal else self.program.code()
        return code

    @contextmanager
    def _refusing(self):
        """Refuse the step if no row can be made of a call; NumPy has already computed it."""
        try:
            yield
        except CannotReplayError as error:
            self.refuse(str(error))


def _owner(array):
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def plain(value):
    """Arrays without recording, also inside lists."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return np.asarray(value) if isinstance(value, np.ndarray | np.generic) else value


class TapedArray(np.ndarray):
    """A view of an array that records the ufuncs, products and copies in which it is used."""

    tape = None

    def __array_finalize__(self, source):
        self.tape = getattr(source, "tape", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **settings):
        tape = _tape_of((*inputs, *(out or ())))
        result = getattr(ufunc, method)(*plain(inputs), **_with_out(out), **_plain_settings(settings))
        settings.pop("casting", None)
        if method == "at":
            tape.write("add_at", *inputs) if ufunc is np.add else tape.refuse(f"{ufunc.__name__}.at")
            return None
        if out is None:
            tape.refuse(f"{ufunc.__name__} without out= makes an array")
            return result
        if method == "reduce":
            self._write_reduce(tape, ufunc, inputs[0], out[0], **settings)
        elif method == "accumulate" and not settings.keys() - {"axis"}:
            tape.write("accumulate", ufunc, inputs[0], settings.get("axis", 0), out[0])
        elif method != "__call__" or settings:
            tape.refuse(f"{ufunc.__name__} with {method if method != '__call__' else ', '.join(settings)}")
        else:
            tape.write("gufunc" if ufunc.signature else "elementwise", ufunc, list(inputs), list(out))
        return out[0] if ufunc.nout == 1 else out

    def _write_reduce(self, tape, ufunc, x, out, axis=0, keepdims=False, dtype=None, **settings):
        if settings or not isinstance(axis, int) or dtype is not None:
            return tape.refuse(f"{ufunc.__name__}.reduce with these settings")
        whole = out if keepdims else np.expand_dims(out, axis)
        tape.write("reduce", ufunc, x, axis, whole)

    def __array_function__(self, function, types, arguments, settings):
        if function in VIEWS:
            return super().__array_function__(function, types, arguments, settings)
        tape = _tape_of((*arguments, *settings.values()))
        result = function(*plain(arguments), **_plain_settings(settings))
        known = _FUNCTIONS.get(function)
        if known is None:
            tape.refuse(f"numpy.{function.__name__}")
            return result
        taped = known(tape, *arguments, **settings)
        return result if taped is None else taped

    def __getitem__(self, key):
        part = super().__getitem__(key)
        if not isinstance(part, np.ndarray):
            self.tape.refuse("a value read by indexing")
        return part

    def __setitem__(self, key, value):
        key = key if isinstance(key, tuple) else (key,)
        np.asarray(self)[tuple(map(plain, key))] = plain(value)
        part = super().__getitem__(key if any(k is ... for k in key) else (*key, ...))
        if _owner(part) is _owner(self):
            self.tape.write("copy", value, part)
        else:
            self.tape.refuse("an assignment to chosen elements")

    def fill(self, value):
        np.copyto(self, value, casting="unsafe")

    def take(self, indices, axis=None, out=None, mode="raise"):
        result = np.asarray(self).take(np.asarray(indices), axis, plain(out), mode)
        if out is None or axis is not None or mode != "clip":
            self.tape.refuse("take other than take(indices, out=, mode='clip')")
            return result
        self.tape.write("take", self, indices, out)
        return out


def _refusing(name):
    def method(self, *arguments, **settings):
        self.tape.refuse(f"ndarray.{name}")
        return getattr(np.asarray(self), name)(*plain(arguments), **settings)

    return method


for _name in REFUSED:
    setattr(TapedArray, _name, _refusing(_name))


class TapedGenerator:
    """A generator that draws the same numbers, and records the arrays that it fills."""

    def __init__(self, generator, tape):
        self._generator, self._tape = generator, tape

    def random(self, size=None, dtype=np.float64, out=None):
        if out is None:
            self._tape.refuse("Generator.random without out= makes an array")
            return self._generator.random(size, dtype)
        self._generator.random(out=plain(out), dtype=dtype)
        self._tape.write("random", out)
        return out

    def __getattr__(self, name):
        self._tape.refuse(f"Generator.{name}")
        return getattr(self._generator, name)


# they return the recorded array that was written; None means NumPy's result


def _copyto(tape, dst, src, casting="same_kind", where=True):
    if where is True:
        tape.write("copy", src, dst)
    else:
        tape.write("copy_where", src, dst, where)


def _dot(tape, a, b, out=None):
    if out is None or a.ndim != 2 or b.ndim != 2:
        return tape.refuse("dot other than of two matrices with out=")
    tape.write("gufunc", np.matmul, [a, b], [out])
    return out


def _take(tape, a, indices, axis=None, out=None, mode="raise"):
    return a.take(indices, axis, out, mode)


_FUNCTIONS = {np.copyto: _copyto, np.dot: _dot, np.take: _take}


def _tape_of(values):
    for value in values:
        if isinstance(value, list | tuple):
            found = _tape_of(value)
            if found is not None:
                return found
        elif getattr(value, "tape", None) is not None:
            return value.tape
    return None


def _with_out(out):
    return {} if out is None else {"out": tuple(plain(out))}


def _plain_settings(settings):
    return {name: plain(value) for name, value in settings.items()}
