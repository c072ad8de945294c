"""Where every array of training lives: one flat vector with named views, and workspaces.

Layers and losses describe what they need as a tree: a dict of names (it becomes a namespace), a
list of parts (it stays a list), and at the leaves a `Parameter`, a `Buffer`, a plain number of
columns, a `Setting`, a `Product`, or a NumPy function chosen for the shapes. The layout of theta
and the arrays that depend on the batch size are made here and nowhere else.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from itertools import accumulate, count, pairwise
from math import prod
from types import SimpleNamespace

import numpy as np

from skbackprop.products import Product


@dataclass(frozen=True)
class Parameter:
    """An array to learn: `initialize(random_state)` gives its first value, of shape `shape`."""

    shape: tuple[int, ...]
    initialize: Callable
    decay: bool = False  # weights are penalised and decayed, biases and gains are not
    matrix: bool = False  # the weights into nodes, a column each: `max_norm` and Muon are about these
    learning_rate: float = 1.0  # a factor of the solver's; 0 keeps the first value
    weight_decay: float = 1.0  # a factor of the penalty and of the solver's decay, where `decay`
    max_norm: float | None = None  # of each column of a matrix, kept after every step
    members: int | None = None  # set by Ensemble: one copy a member


@dataclass(frozen=True)
class Buffer:
    """A work array of shape (n_samples, *shape); `per_sample=False` leaves n_samples out.

    `samples_last` puts n_samples behind: (*shape, n_samples). `fill(n_samples)` gives the value of a
    constant. `late` means: allocated when it is first asked for, for arrays that may be wide and are often
    not needed. `dtype` None is that of theta.
    """

    shape: tuple[int, ...]
    per_sample: bool = True
    fill: Callable | None = None
    late: bool = False
    samples_last: bool = False
    dtype: type | None = None
    members: int | None = None

    def full_shape(self, n_samples):
        members = () if self.members is None else (self.members,)
        samples = (n_samples,) if self.per_sample else ()
        return (*members, *self.shape, *samples) if self.samples_last else (*members, *samples, *self.shape)


@dataclass(frozen=True)
class Setting:
    """A scalar, shape (): a number, or one that follows the progress of training, `value.at(progress)`."""

    value: object

    @property
    def follows(self):
        return hasattr(self.value, "at")

    def at(self, progress):
        return self.value.at(progress) if self.follows else self.value


@dataclass(frozen=True)
class Late:
    """Makes an array that is allocated late."""

    make: Callable


class Work(SimpleNamespace):
    """Named work arrays; a late one is made when its name is first used."""

    def __init__(self, **arrays):
        self._late = {name: array for name, array in arrays.items() if isinstance(array, Late)}
        super().__init__(**{name: array for name, array in arrays.items() if name not in self._late})

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._late:
            raise AttributeError(f"There is no work array {name!r}.")
        array = self._late[name].make()
        setattr(self, name, array)
        return array


CACHE_LINE = 64  # bytes
BLOCK = 2**15  # numbers: a block of theta, its update and two moments stay in the second-level cache


def empty(shape, dtype):
    """As np.empty, from the start of a cache line: vector instructions are up to twice as fast there."""
    n_bytes = prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def placed(array):
    """A copy that can be written and lies well."""
    result = empty(array.shape, array.dtype)
    np.copyto(result, array)
    return result


GENERATOR = object()  # a leaf that asks for the network's random generator


def map_tree(function, tree, named=SimpleNamespace):
    """Apply `function` to every leaf; dicts become namespaces, or stay what they are with `named=dict`."""
    if isinstance(tree, dict):
        return named(**{name: map_tree(function, part, named) for name, part in tree.items()})
    if isinstance(tree, list):
        return [map_tree(function, part, named) for part in tree]
    return function(tree)


def leaves(tree):
    """Every leaf, in the order in which it was declared."""
    if isinstance(tree, SimpleNamespace):
        tree = vars(tree)
    if isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(part)
    else:
        yield tree


class FlatLayout:
    """The place of every parameter in one vector: decayed ones first, so that they are one slice.

    The vector has shape (n_parameters,), or (k, n_parameters) under `Ensemble(k, ...)`.
    """

    def __init__(self, tree):
        self.tree = tree
        self.parameters = list(leaves(tree))
        self.members = self.parameters[0].members if self.parameters else None
        self.slices, start = {}, 0
        for decay in (True, False):
            for index, parameter in enumerate(self.parameters):
                if parameter.decay is decay:
                    stop = start + int(np.prod(parameter.shape))
                    self.slices[index] = slice(start, stop)
                    start = stop
            if decay:
                self.n_decayed = start
        self.size = start

    @property
    def shape(self):
        return (self.size,) if self.members is None else (self.members, self.size)

    def spread(self, name, otherwise=1.0):
        """The field `name` of the parameters as a vector on theta; None where all are `otherwise`."""
        if all(getattr(parameter, name) == otherwise for parameter in self.parameters):
            return None
        vector = np.empty(self.size)
        for index, parameter in enumerate(self.parameters):
            vector[self.slices[index]] = getattr(parameter, name)
        return np.broadcast_to(vector, self.shape)

    def matrices(self):
        """(slice, shape, parameter) of every weight matrix, in the order of declaration."""
        return [
            (self.slices[index], parameter.shape, parameter)
            for index, parameter in enumerate(self.parameters)
            if parameter.matrix
        ]

    def views(self, vector):
        """The vector again, as named arrays on the same memory."""
        index = iter(range(len(self.parameters)))

        def view(parameter):
            part = vector[..., self.slices[next(index)]]
            return part.reshape(*vector.shape[:-1], *parameter.shape)

        return map_tree(view, self.tree)

    def initialize(self, vector, random_state):
        """First values, drawn member by member and in the order of declaration."""
        for member in np.atleast_2d(vector):
            for index, parameter in enumerate(self.parameters):
                member[self.slices[index]] = np.ravel(parameter.initialize(random_state))


class Workspaces:
    """Work arrays for each batch size met, all on the memory of the largest one."""

    most_sizes = 32  # a stream may bring any number of batch sizes; views are cheap to make again

    def __init__(self, tree, dtype, generator=None):
        self.tree, self.dtype, self.generator = tree, dtype, generator
        self.capacity = 0
        self.sizes = {}
        settings = {place: leaf for place, leaf in enumerate(leaves(tree)) if isinstance(leaf, Setting)}
        self.settings = {place: np.array(setting.at(0.0), dtype) for place, setting in settings.items()}
        self._following = [(self.settings[place], s) for place, s in settings.items() if s.follows]
        buffers = [as_buffer(leaf) for leaf in leaves(tree)]
        sizes = [(b.per_sample, prod(b.full_shape(1))) for b in buffers if b is not None and not b.late]
        self._n_shared = sum(n for per_sample, n in sizes if not per_sample)
        self._n_per_sample = sum(n for per_sample, n in sizes if per_sample)

    @property
    def follows(self):
        """Whether any scalar follows the progress of training."""
        return bool(self._following)

    def set_progress(self, progress):
        """Scalars that follow the progress of training, 0 to 1, take their values."""
        for array, setting in self._following:
            array[...] = setting.at(progress)

    def __getitem__(self, n_samples):
        work = self.sizes.get(n_samples)
        return self._make(n_samples) if work is None else work

    def _make(self, n_samples):
        if n_samples > self.capacity:
            memory = self._allocated(n_samples)  # where there is too little, what there was serves on
            self.sizes.clear()
            self.memory, self.capacity = memory, n_samples
        elif len(self.sizes) >= self.most_sizes:
            self.sizes.clear()
        self.sizes[n_samples] = self._arrays(n_samples)
        return self.sizes[n_samples]

    def _arrays(self, n_samples, wrap=lambda leaf: leaf):
        place = count()
        return map_tree(lambda leaf: self._array(leaf, next(place), n_samples, wrap), self.tree, named=Work)

    def n_numbers(self, n_samples):
        """How many numbers the arrays hold for a batch size, but for those made late."""
        return self._n_shared + n_samples * self._n_per_sample

    def apart(self, n_samples, wrap):
        """The tree on other memory, but for the settings; each leaf as `wrap` gives it."""
        other = copy(self)
        other.memory, other.capacity = self._allocated(n_samples), n_samples
        return other._arrays(n_samples, wrap)

    def _allocated(self, capacity):
        """An array for each leaf; None for those that need none now."""
        buffers = [as_buffer(leaf) for leaf in leaves(self.tree)]
        made_now = [b is not None and b.fill is None and not b.late for b in buffers]
        return [self._memory_for(b, capacity) if now else None for b, now in zip(buffers, made_now)]

    def _memory_for(self, buffer, capacity):
        return empty(prod(buffer.full_shape(capacity)), buffer.dtype or self.dtype)

    def _array(self, leaf, place, n_samples, wrap):
        if isinstance(leaf, Setting):
            return wrap(self.settings[place])
        if isinstance(leaf, Product):
            return leaf.bound(n_samples)
        buffer = as_buffer(leaf)
        if buffer is None:
            return wrap(self.generator if leaf is GENERATOR else leaf)
        if buffer.fill is not None:
            shape, value = buffer.full_shape(n_samples), buffer.fill(n_samples)
            return wrap(np.full(shape, value, buffer.dtype or self.dtype))
        if buffer.late:
            return Late(lambda: wrap(self._view(buffer, place, n_samples)))
        return wrap(self._view(buffer, place, n_samples))

    def _view(self, buffer, place, n_samples):
        if self.memory[place] is None:
            self.memory[place] = self._memory_for(buffer, self.capacity)
        shape = buffer.full_shape(n_samples)
        return self.memory[place][: int(np.prod(shape))].reshape(shape)


def writable(array):
    """The array, or a copy of one that is read-only: joblib hands large arrays to its workers so."""
    return array if array.flags.writeable else np.array(array)


def as_buffer(leaf):
    """A number of columns is the buffer (n_samples, columns); settings, GENERATOR, functions are none."""
    if leaf is GENERATOR or callable(leaf) or isinstance(leaf, Setting | Product):
        return None
    return leaf if isinstance(leaf, Buffer) else Buffer((leaf,))


def with_members(tree, members):
    """The same tree with one copy of every array a member; scalars and GENERATOR stay shared.

    A `Product` or `np.dot` multiplies two matrices, then those of each member.
    """

    def with_axis(leaf):
        if leaf is np.dot:
            return np.matmul
        if isinstance(leaf, Product):
            return replace(leaf, members=members)
        array = leaf if isinstance(leaf, Parameter) else as_buffer(leaf)
        if array is None or not (array.shape or getattr(array, "per_sample", False)):
            return leaf
        if array.members is not None:
            raise ValueError("An Ensemble cannot lie inside another one.")
        return replace(array, members=members)

    return map_tree(with_axis, tree, named=dict)


def side_by_side(widths):
    """The slices of columns of parts that stand side by side."""
    return [slice(*ends) for ends in pairwise(accumulate(widths, initial=0))]


def blocks(start, stop, members):
    """Slices of a flat vector, each of BLOCK numbers over all members."""
    size = -(-BLOCK // prod(members))
    return [slice(first, min(first + size, stop)) for first in range(start, stop, size)]
