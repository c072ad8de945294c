"""Objects as JSON and arrays, and back: known classes only, so that reading a file runs no code of the file.

What several objects share, such as a network, is written once and shared again.
"""

from datetime import date, datetime, timedelta
from math import isfinite
from pathlib import Path, PurePath

import numpy as np
from sklearn.base import BaseEstimator

PLAIN = (bool, int, str, type(None))


def encode(thing):
    """(content, arrays) as `files.write` takes them."""
    encoder = _Encoder()
    return encoder.encode(thing), encoder.arrays


def decode(content, arrays, known):
    """The object again; `known` gives the classes and functions for the names that stand in the content."""
    return _Decoder(arrays, known).decode(content)


def state_of(thing):
    """What must be kept of an object."""
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
        self.numbers = {}  # of what was written already, by id
        self.alive = []  # an id is one object's as long as it lives

    def encode(self, thing):
        if type(thing) in PLAIN:
            return thing
        if type(thing) is float:
            return thing if isfinite(thing) else {"float": str(thing)}
        if isinstance(thing, tuple):
            return {"tuple": [self.encode(part) for part in thing]}
        if isinstance(thing, slice):
            return {"slice": [thing.start, thing.stop, thing.step]}
        if isinstance(thing, PurePath):
            return {"path": str(thing)}
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
                return {"array": self._add(thing)}
            return {"objects": [self.encode(part) for part in thing.ravel().tolist()], "shape": thing.shape}
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
                    f"{thing!r} cannot be saved: only functions and classes with a name of their own in "
                    "a module can be found again."
                )
            return {"name": thing.__name__}
        if not hasattr(thing, "__dict__"):
            raise TypeError(f"{thing!r} of type {type(thing).__name__} cannot be saved.")
        return {"object": type(thing).__name__, "state": self.encode(dict(state_of(thing)))}

    def _add(self, array):
        self.arrays.append(array)
        return len(self.arrays) - 1


class _Decoder:
    def __init__(self, arrays, known):
        self.arrays, self.known = arrays, known
        self.shared = []

    def decode(self, content):
        if not isinstance(content, dict):
            return content
        tag = next(iter(content))
        value = content[tag]
        if tag == "float":
            return float(value)
        if tag == "tuple":
            return tuple(self.decode(part) for part in value)
        if tag == "slice":
            return slice(*value)
        if tag == "path":
            return Path(value)
        if tag == "date":
            return date.fromisoformat(value)
        if tag == "datetime":
            return datetime.fromisoformat(value)
        if tag == "timedelta":
            return timedelta(*value)
        if tag == "scalar":
            return self.arrays[value][()]
        if tag == "again":
            return self.shared[value]
        place = len(self.shared)
        self.shared.append(None)
        return self._decode_shared(tag, value, content, place)

    def _decode_shared(self, tag, value, content, place):
        if tag == "list":
            self.shared[place] = things = []
            things.extend(self.decode(part) for part in value)
        elif tag == "dict":
            self.shared[place] = things = {}
            things.update((self.decode(key), self.decode(part)) for key, part in value)
        elif tag == "object":
            kind = self._find(value)
            self.shared[place] = thing = kind.__new__(kind)
            set_state(thing, self.decode(content["state"]))
        else:
            self.shared[place] = self._decode_leaf(tag, value, content)
        return self.shared[place]

    def _decode_leaf(self, tag, value, content):
        if tag == "array":
            return self.arrays[value]
        if tag == "objects":
            array = np.empty(len(value), dtype=object)
            array[:] = [self.decode(part) for part in value]
            return array.reshape(content["shape"])
        if tag == "RandomState":
            random_state = np.random.RandomState()
            random_state.set_state(self.decode(value))
            return random_state
        if tag == "Generator":
            bit_generator = np.random.PCG64()
            bit_generator.state = self.decode(value)
            return np.random.Generator(bit_generator)
        if tag == "name":
            return self._find(value)
        raise ValueError(f"The file has an entry of unknown kind {tag!r}.")

    def _find(self, name):
        if name not in self.known:
            raise ValueError(f"The file needs {name!r}, which is not of this library: give it in `custom`.")
        return self.known[name]
