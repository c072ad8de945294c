"""Convert objects to JSON and arrays, and back. Only known classes are made, so that no code of a file runs.

An object that several others share, such as a network, is written once, and is shared again after reading.
"""

from datetime import date, datetime, timedelta
from inspect import getattr_static, isclass
from math import isfinite
from pathlib import Path, PurePath

import numpy as np
from sklearn.base import BaseEstimator

from skbackprop.frames import put_together, taken_apart

PLAIN = (bool, int, str, type(None))
ALONE = (
    *("float", "tuple", "slice", "path", "date", "datetime", "timedelta", "scalar", "again"),
    *("list", "dict", "array", "RandomState", "Generator", "name", "foreign", "transposed"),
)
MORE = {"object": ["state"], "objects": ["shape"], "named": ["parts"]}
TAGS = {tag: [] for tag in ALONE} | MORE  # the other keys of an entry
UNFIT = TypeError, KeyError, IndexError, AttributeError, OverflowError  # Python's errors for wrong values


REMEDY = "Use pickle for objects that are not plain Python: joblib.dump(model, path)."


def encode(thing):
    """(content, arrays) for `files.write`."""
    encoder = _Encoder()
    return encoder.encode(thing), encoder.arrays


def decode(content, arrays, known):
    """Make the object again; `known` has the classes and functions for the names in the content.

    Whatever the content is, the result is an object of known classes or a ValueError.
    """
    return decoded(content, arrays, known)[0]


def decoded(content, arrays, known):
    """The same as `decode`, and a list of all estimators inside the object."""
    decoder = _Decoder(arrays, known)
    try:
        return decoder.decode(content), [t for t in decoder.shared if isinstance(t, BaseEstimator)]
    except RecursionError:
        raise ValueError("its entries are nested too deeply.") from None


def state_of(thing):
    """The state of an object that must be stored."""
    if hasattr(thing, "_saved_state"):
        return thing._saved_state()
    for kind in type(thing).__mro__:
        if "__getstate__" in vars(kind) and kind not in (object, BaseEstimator):
            return thing.__getstate__()
    return vars(thing)


def with_state(kind, state):
    """An object of this class with this state."""
    thing = kind.__new__(kind)
    set_state(thing, state)
    return thing


def set_state(thing, state):
    if hasattr(type(thing), "__setstate__") and not isinstance(thing, BaseEstimator):
        thing.__setstate__(state)
    else:
        vars(thing).update(state)


class _Encoder:
    def __init__(self):
        self.arrays = []
        self.numbers = {}  # the numbers of objects that are already written, by id
        self.alive = []  # keeps the objects alive, because ids are reused

    def encode(self, thing):
        if type(thing) in PLAIN:
            return thing
        if type(thing) is float:
            return thing if isfinite(thing) else {"float": str(thing)}
        if isinstance(thing, tuple):
            parts = [self.encode(part) for part in thing]
            return (
                {"named": type(thing).__name__, "parts": parts}
                if _is_named(type(thing))
                else {"tuple": parts}
            )
        if isinstance(thing, slice):
            return {"slice": [thing.start, thing.stop, thing.step]}
        if isinstance(thing, PurePath):
            return {"path": str(thing)}
        parts = taken_apart(thing)
        if parts is not None:
            return {"foreign": self.encode(parts)}
        if isinstance(thing, date):
            return {"datetime" if isinstance(thing, datetime) else "date": thing.isoformat()}
        if isinstance(thing, timedelta):
            return {"timedelta": [thing.days, thing.seconds, thing.microseconds]}
        if isinstance(thing, np.generic):
            return {"scalar": self._add(np.asarray(thing))}
        if id(thing) in self.numbers:
            return {"again": self.numbers[id(thing)]}
        self.numbers[id(thing)] = len(self.numbers)
        self.alive.append(thing)
        return self._encode_shared(thing)

    def _encode_shared(self, thing):
        if isinstance(thing, np.ndarray):
            if thing.dtype.kind != "O":
                is_transposed = thing.flags.f_contiguous and not thing.flags.c_contiguous
                return {"transposed": self._add(thing.T)} if is_transposed else {"array": self._add(thing)}
            return {
                "objects": [self.encode(part) for part in thing.ravel().tolist()],
                "shape": list(thing.shape),
            }
        if isinstance(thing, list):
            return {"list": [self.encode(part) for part in thing]}
        if isinstance(thing, dict):
            return {"dict": [[self.encode(key), self.encode(value)] for key, value in thing.items()]}
        if isinstance(thing, np.random.RandomState):
            return {"RandomState": self.encode(thing.get_state(legacy=False))}
        if isinstance(thing, np.random.Generator):
            return {"Generator": self.encode(thing.bit_generator.state)}
        if callable(thing) and hasattr(thing, "__qualname__"):
            if thing.__qualname__ != thing.__name__:
                raise TypeError(
                    f"{thing!r} cannot be saved: functions and classes must be defined by name in a module, "
                    "so that they can be found again."
                )
            return {"name": thing.__name__}
        if not hasattr(thing, "__dict__"):
            raise TypeError(f"{thing!r:.200} of type {type(thing).__name__} cannot be saved. {REMEDY}")
        return {"object": type(thing).__name__, "state": self.encode(dict(state_of(thing)))}

    def _add(self, array):
        if array.dtype.kind not in "biufcSUmM":
            raise TypeError(f"An array of the dtype {array.dtype} cannot be saved. {REMEDY}")
        self.arrays.append(array)
        return len(self.arrays) - 1


class _Decoder:
    def __init__(self, arrays, known):
        self.arrays, self.known = arrays, known
        self.shared = []

    def decode(self, content):
        if type(content) in (*PLAIN, float):
            return content
        if not (isinstance(content, dict) and content):
            raise ValueError(f"{content!r:.200} is not an entry.")
        tag, *more = content
        if tag not in TAGS or more != TAGS[tag]:
            raise ValueError(
                f"an entry has the unknown kind {tag!r:.200}, or other parts than {more!r:.200}."
            )
        try:
            return self._decode(tag, content[tag], content)
        except UNFIT as error:
            raise ValueError(f"an entry of kind {tag!r} has wrong content: {error!r:.200}.") from error

    def _decode(self, tag, value, content):
        if tag == "float":
            return float(value)
        if tag == "tuple":
            return tuple(self.decode(part) for part in _listed(value))
        if tag == "slice":
            return slice(*map(_number_or_none, _listed(value, 3)))
        if tag == "path":
            return Path(value)
        if tag == "date":
            return date.fromisoformat(value)
        if tag == "datetime":
            return datetime.fromisoformat(value)
        if tag == "timedelta":
            return timedelta(*_listed(value, 3))
        if tag == "scalar":
            return self._array(value)[()]
        if tag == "again":
            return self.shared[_index(value)]
        if tag == "named":
            return _named(self._find(value), [self.decode(part) for part in _listed(content["parts"])])
        if tag == "foreign":
            return _put_together(self.decode(value))
        place = len(self.shared)
        self.shared.append(None)
        return self._decode_shared(tag, value, content, place)

    def _decode_shared(self, tag, value, content, place):
        if tag == "list":
            self.shared[place] = things = []
            things.extend(self.decode(part) for part in _listed(value))
        elif tag == "dict":
            self.shared[place] = things = {}
            for pair in _listed(value):
                key, part = map(self.decode, _listed(pair, 2))
                things[key] = part
        elif tag == "object":
            kind = self._find(value)
            self.shared[place] = thing = kind.__new__(kind)
            self._set_state(thing, self.decode(content["state"]))
        else:
            self.shared[place] = self._decode_leaf(tag, value, content)
        return self.shared[place]

    def _decode_leaf(self, tag, value, content):
        if tag == "array":
            return self._array(value)
        if tag == "transposed":  # products round differently if the memory layout differs
            return self._array(value).T
        if tag == "objects":
            array = np.empty(len(_listed(value)), dtype=object)
            array[:] = [self.decode(part) for part in value]
            return array.reshape(_listed(content["shape"]))
        if tag == "RandomState":
            random_state = np.random.RandomState()
            random_state.set_state(self.decode(value))
            return random_state
        if tag == "Generator":
            bit_generator = np.random.PCG64()
            bit_generator.state = self.decode(value)
            return np.random.Generator(bit_generator)
        return self._find(value)

    def _set_state(self, thing, state):
        """Set attributes, but none that would hide a method of the class."""
        name = type(thing).__name__
        if not (isinstance(state, dict) and all(type(key) is str for key in state)):
            raise ValueError(f"the state of a {name} is not a dictionary of attributes.")
        for key in state:
            if key.startswith("__") or hasattr(getattr_static(type(thing), key, None), "__get__"):
                raise ValueError(f"{key!r:.200} is not an attribute of a {name} that a file may set.")
        try:
            set_state(thing, state)
        except Exception as error:  # a class may raise any error for the state of another class
            raise ValueError(f"the state of a {name} is not valid: {error!r:.200}.") from error

    def _array(self, value):
        return self.arrays[_index(value)]

    def _find(self, name):
        if name not in self.known:
            raise ValueError(f"it needs {name!r:.200}, which is not in this library: give it in `custom`.")
        return self.known[name]


def _is_named(kind):
    return isclass(kind) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _named(kind, parts):
    if not _is_named(kind):
        raise TypeError(f"{kind.__name__} is not a named tuple")
    return kind._make(parts)


def _put_together(parts):
    try:
        return put_together(*parts)
    except Exception as error:  # pandas, polars and SciPy raise many types of errors for wrong parts
        raise ValueError(f"a frame, an index or a time is not valid: {error!r:.200}.") from error


def _listed(value, length=None):
    if not isinstance(value, list) or length not in (None, len(value)):
        raise TypeError(f"{value!r:.100} is not a list" + (f" of {length}" if length else ""))
    return value


def _index(value):
    if type(value) is not int or value < 0:
        raise IndexError(f"{value!r:.100} is not an index")
    return value


def _number_or_none(value):
    if not (value is None or type(value) is int):
        raise TypeError(f"{value!r:.100} is not an integer")
    return value
