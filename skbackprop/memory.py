"""The memory of training: one flat vector of parameters with named views, and workspaces.

Layers and losses declare what they need as a tree. A dict of names becomes a namespace, a list of parts stays
a list, and the leaves are a `Parameter`, a `Buffer`, a number of columns, a `Setting`, a `Product`, or a
NumPy function chosen for the shapes. Only this module makes the layout of theta and the arrays that depend on
the batch size.
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
    """A learned array: `initialize(random_state)` returns its initial value, of shape `shape`."""

    shape: tuple[int, ...]
    initialize: Callable
    decay: bool = False  # whether penalty and weight decay apply: to weights, not to biases and gains
    matrix: bool = False  # one column of weights per node; `max_norm` and Muon apply to these
    learning_rate: float = 1.0  # a factor of the solver's; 0 keeps the initial value
    weight_decay: float = 1.0  # a factor of the penalty and of the solver's weight decay, if `decay`
    max_norm: float | None = None  # the limit for each column of a matrix after every step
    members: int | None = None  # set by Ensemble: one copy for each member


@dataclass(frozen=True)
class Buffer:
    """A work array of shape (n_samples, *shape), or of shape `shape` with `per_sample=False`.

    With `samples_last` its shape is (*shape, n_samples). `fill(n_samples)` returns the value of a constant.
    A `late` array is allocated at its first use; this is for arrays that may be wide and are often not
    needed. If `dtype` is None, the array has the dtype of theta.
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
    """A scalar of shape (): a number, or one that changes with the progress of training."""

    value: object

    @property
    def follows(self):
        return hasattr(self.value, "at")

    def at(self, progress):
        return self.value.at(progress) if self.follows else self.value


@dataclass(frozen=True)
class Late:
    """A function that allocates an array at its first use."""

    make: Callable


class Work(SimpleNamespace):
    """Named work arrays; a late one is allocated when its name is first used."""

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
BLOCK = 2**15  # a block of theta, its update and two moments fit into the second-level cache


def empty(shape, dtype):
    """Like np.empty, but aligned to a cache line: vector instructions are up to twice as fast then."""
    n_bytes = prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def placed(array):
    """A writable, aligned copy."""
    result = empty(array.shape, array.dtype)
    np.copyto(result, array)
    return result


GENERATOR = object()  # a leaf that stands for the network's random generator


def map_tree(function, tree, named=SimpleNamespace):
    """Apply `function` to every leaf; dicts become namespaces, or stay what they are with `named=dict`."""
    if isinstance(tree, dict):
        return named(**{name: map_tree(function, part, named) for name, part in tree.items()})
    if isinstance(tree, list):
        return [map_tree(function, part, named) for part in tree]
    return function(tree)


def leaves(tree):
    """Every leaf, in the order of declaration."""
    if isinstance(tree, SimpleNamespace):
        tree = vars(tree)
    if isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(part)
    else:
        yield tree


class FlatLayout:
    """The position of every parameter in one vector; those with `decay` come first and form one slice.

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
        """The field `name` for each number of theta, as a vector; None if all values equal `otherwise`."""
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
        """Named arrays that are views of the vector."""
        index = iter(range(len(self.parameters)))

        def view(parameter):
            part = vector[..., self.slices[next(index)]]
            return part.reshape(*vector.shape[:-1], *parameter.shape)

        return map_tree(view, self.tree)

    def initialize(self, vector, random_state):
        """Draw initial values, member by member and in the order of declaration."""
        for member in np.atleast_2d(vector):
            for index, parameter in enumerate(self.parameters):
                member[self.slices[index]] = np.ravel(parameter.initialize(random_state))


class Workspaces:
    """Work arrays for each batch size so far; all sizes share the memory of the largest one."""

    most_sizes = 32  # a stream may have many batch sizes; views are cheap to make again

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
        """Whether any scalar changes with the progress of training."""
        return bool(self._following)

    def set_progress(self, progress):
        """Set the scalars that change with the progress of training, 0 to 1."""
        for array, setting in self._following:
            array[...] = setting.at(progress)

    def __getitem__(self, n_samples):
        work = self.sizes.get(n_samples)
        return self._make(n_samples) if work is None else work

    def _make(self, n_samples):
        if n_samples > self.capacity:
            memory = self._allocated(n_samples)  # if this fails, the earlier arrays stay usable
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
        """How many numbers the arrays have for a batch size, without late arrays."""
        return self._n_shared + n_samples * self._n_per_sample

    def apart(self, n_samples, wrap):
        """A tree on new memory that shares only the settings; `wrap` is applied to each leaf."""
        other = copy(self)
        other.memory, other.capacity = self._allocated(n_samples), n_samples
        return other._arrays(n_samples, wrap)

    def _allocated(self, capacity):
        """An array for each leaf; None for leaves that need no array now."""
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
    """The array, or a copy if it is read-only: joblib makes large arrays read-only in its workers."""
    return array if array.flags.writeable else np.array(array)


def as_buffer(leaf):
    """The buffer of a leaf; a number of columns stands for (n_samples, columns). None for other leaves."""
    if leaf is GENERATOR or callable(leaf) or isinstance(leaf, Setting | Product):
        return None
    return leaf if isinstance(leaf, Buffer) else Buffer((leaf,))


def with_members(tree, members):
    """The same tree with one copy of every array for each member; scalars and GENERATOR stay shared.

    A `Product` or `np.dot` then multiplies the matrices of each member.
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
            raise ValueError("An Ensemble cannot be inside another one.")
        return replace(array, members=members)

    return map_tree(with_axis, tree, named=dict)


def side_by_side(widths):
    """The slices of columns for consecutive parts of these widths."""
    return [slice(*ends) for ends in pairwise(accumulate(widths, initial=0))]


def blocks(start, stop, members):
    """Slices of a flat vector, each of BLOCK numbers over all members."""
    size = -(-BLOCK // prod(members))
    return [slice(first, min(first + size, stop)) for first in range(start, stop, size)]
