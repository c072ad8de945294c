"""A network: one root layer, theta and its gradient as flat vectors, and work arrays."""

from dataclasses import replace
from functools import cached_property
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skbackprop.layers import Ensemble, Frozen, Layer, Pretrained, Sequential
from skbackprop.memory import GENERATOR, Buffer, FlatLayout, Workspaces, empty, leaves, placed
from skbackprop.sparse import SparseRows

ROWS_AT_ONCE = 1024  # predictions are computed for this many rows at a time


class Network:
    """Layers with their parameters: `theta` and `gradient` are flat vectors with the same layout.

    `params` and `gradients` are named views of these vectors.

    Parameters
    ----------
    root : Layer
        The layer that contains all others, often a `Sequential`.

    n_inputs : int
        Number of columns of the input.

    dtype : dtype, default=np.float64
        The dtype of every array: float32 or float64.

    random_state : int, RandomState or None, default=None
        Draws the initial weights, and seeds the generator of layers that use random numbers in training.
    """

    def __init__(self, root, n_inputs, dtype=np.float64, random_state=None):
        random_state = check_random_state(random_state)
        self.root = root.resolved()
        self.n_inputs = n_inputs
        if _ensemble_inside(self.root):
            raise ValueError("Ensemble must be the outermost layer of a network.")
        self.n_outputs = self.root.n_outputs(n_inputs)
        layout = FlatLayout(self.root.parameters(n_inputs))
        self.theta = empty(layout.shape, dtype)
        layout.initialize(self.theta, random_state)
        self.generator = None
        if any(leaf is GENERATOR for leaf in leaves(self.root.buffers(n_inputs))):
            self.generator = np.random.default_rng(random_state.randint(2**31 - 1))
        self._bind()

    def _bind(self):
        """Make everything that is derived from theta, because it is not pickled."""
        layout = FlatLayout(self.root.parameters(self.n_inputs))
        if self.theta.shape != layout.shape:
            raise ValueError(f"theta has shape {self.theta.shape}, but the layers need {layout.shape}.")
        self.n_decayed = layout.n_decayed
        self.learning_rates = layout.spread("learning_rate")
        self.weight_decays = layout.spread("weight_decay")
        self.matrices = layout.matrices()
        self.params = layout.views(self.theta)
        self._buffers = {
            "root": self.root.buffers(self.n_inputs),
            "input": Buffer((self.n_inputs,), late=True),
        }
        self.workspaces = self._new_workspaces()
        self._spare_workspaces = []

    @cached_property
    def gradient(self):
        """dE/dtheta, allocated at its first use: prediction does not need it."""
        return placed(np.zeros_like(self.theta))

    @cached_property
    def gradients(self):
        return self.views(self.gradient)

    def _new_workspaces(self):
        return Workspaces(self._buffers, self.theta.dtype, self.generator)

    def __getstate__(self):
        names = "root", "n_inputs", "n_outputs", "theta", "generator"
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.theta = placed(self.theta)
        self._bind()

    def astype(self, dtype):
        """A copy with theta in another dtype."""
        return self.on(placed(self.theta.astype(dtype)))

    def copy(self):
        """The same layers with a copy of theta; both networks use the same random generator."""
        return self.on(placed(self.theta))

    def on(self, theta):
        """The same layers with another theta, which is not copied."""
        network = Network.__new__(Network)
        vars(network).update(self.__getstate__(), theta=theta)
        network._bind()
        return network

    @property
    def members(self):
        """() or, under `Ensemble(k, ...)`, (k,): the axes in front of (n_samples, n_outputs)."""
        return self.theta.shape[:-1]

    def parts(self, work=None, closed=(), params=None):
        """(name, layer, params, work) of every layer that has no layers inside, in forward order.

        Layers inside one of a class in `closed` are left out. `params` may be another tree of the same form,
        such as `gradients`, or what `views` gives.
        """
        return list(_parts("", self.root, self.params if params is None else params, work, closed))

    def views(self, vectors):
        """Named views of vectors with the layout of theta; leading axes are kept."""
        return FlatLayout(self.root.parameters(self.n_inputs)).views(vectors)

    @property
    def takes_data(self):
        """Whether `initialize_from_data` has anything to do."""
        return any(layer.takes_data for _, layer, _, _ in self.parts(closed=Pretrained))

    def initialize_from_data(self, rows, random_state=None):
        """Set initial values that depend on data, such as those of `Dense` with "data_driven".

        This is done layer by layer, from the first one: each layer receives the outputs of the previous ones.
        At most 1024 random rows are used. `Pretrained` layers keep their values.

        Parameters
        ----------
        rows : array or SparseRows of shape (n_samples, n_inputs)
            Rows of the training data.

        random_state : int, RandomState or None, default=None
            For the choice of rows, and for the layers.
        """
        random_state = check_random_state(random_state)
        n_samples = rows.shape[0]
        if n_samples > ROWS_AT_ONCE:
            rows = rows[random_state.choice(n_samples, ROWS_AT_ONCE, replace=False)]
        x = rows.astype(self.theta.dtype, copy=False)
        work = self._new_workspaces()[x.shape[0]].root
        for _, layer, params, part_work in self.parts(work, closed=Pretrained):
            if layer.takes_data:
                self.root.forward(x, self.params, work, False)
                layer.initialize_from(params, part_work, random_state)

    def forward(self, x, training=False):
        """z, the net input of the last layer, shape (*members, n_samples, n_outputs).

        x has shape (n_samples, n_inputs), or (*members, n_samples, n_inputs) with different rows for each
        member. The next call with the same number of rows overwrites the returned array.
        """
        self.work = self.workspaces[x.shape[-2]].root
        return self.root.forward(x, self.params, self.work, training)

    def backward(self, delta):
        """Compute `gradient` from dE/dz for the last forward pass."""
        self.root.backward(delta, self.params, self.gradients, self.work)

    def set_progress(self, progress):
        """Set the `Scheduled` settings of layers to their values at this progress, 0 to 1."""
        self.workspaces.set_progress(progress)

    def pretrained_layers(self):
        """The layers of a `Sequential` root as `Pretrained`, with copies of their present values.

        Another network can start from them, or keep them unchanged with `Frozen(layer)`.
        """
        if not isinstance(self.root, Sequential):
            raise ValueError(f"pretrained_layers needs a network of Sequential layers, not {self.root!r}.")
        layers = zip(self.root.layers, self.params.layers)
        return [_pretrained(layer, params) for layer, params in layers]

    @np.errstate(over="ignore", invalid="ignore")  # values that are too large become inf
    def predict(self, rows, finish, depth=None):
        """finish(z) for all rows, in pieces; safe to call from several threads at once.

        `rows[start:stop]` returns a piece of the input; `finish(z, out)` writes an output. With `depth`,
        z is the output of the first `depth` layers of a `Sequential` root.
        """
        root, n_outputs = self.root, self.n_outputs
        if depth is not None:
            root = _first_layers(root, depth)
            n_outputs = root.n_outputs(self.n_inputs)
        n_samples = rows.shape[0]
        out = np.empty((*self.members, n_samples, n_outputs), self.theta.dtype)
        try:
            workspaces = self._spare_workspaces.pop()
        except IndexError:
            workspaces = self._new_workspaces()
        for start in range(0, n_samples, ROWS_AT_ONCE):
            x = rows[start : start + ROWS_AT_ONCE]
            work = workspaces[x.shape[0]]
            if not isinstance(x, SparseRows):
                np.copyto(work.input, x)  # so that the network keeps no reference to the user's array
                x = work.input
            z = root.forward(x, self.params, work.root, False)
            finish(z, out[..., start : start + ROWS_AT_ONCE, :])
        self._spare_workspaces.append(workspaces)
        return out


def net_input(z, out):
    """Copy z: a `finish` for predictions of the net input."""
    np.copyto(out, z)


def first_layer(layer):
    """The layer that receives the network's input."""
    while isinstance(layer, Sequential | Frozen | Pretrained):
        layer = layer.layers[0] if isinstance(layer, Sequential) else layer.layer
    return layer


def _first_layers(root, depth):
    """A root with only the first `depth` layers and the same names, to be used with the same arrays."""
    if isinstance(root, Ensemble):
        return replace(root, layer=_first_layers(root.layer, depth))
    if not isinstance(root, Sequential):
        raise ValueError(f"depth={depth!r} needs a network of Sequential layers, but this one is {root!r}.")
    if not (isinstance(depth, Integral) and 1 <= depth <= len(root.layers)):
        raise ValueError(f"depth={depth!r} must be an integer from 1 to {len(root.layers)}.")
    return replace(root, layers=root.layers[:depth])


def _pretrained(layer, params):
    values = [array.copy() for array in leaves(params)]
    layer = _without_values(layer)
    return Pretrained(layer, values) if values else layer


def _without_values(layer):
    """A copy of the layer without `Pretrained` wrappers."""
    if isinstance(layer, Pretrained):
        return _without_values(layer.layer)
    inner = {
        field: _without_values(value)
        if isinstance(value, Layer)
        else [_without_values(part) for part in value]
        for field, value in inner_layers(layer).items()
    }
    return clone(layer).set_params(**inner)


def _parts(name, layer, params, work, closed):
    """Yield parts recursively; the arrays of an inner layer are under the name of its field."""
    if isinstance(layer, closed):
        return
    inner = inner_layers(layer)
    if not inner:
        yield name.lstrip("."), layer, params, work
    for field, value in inner.items():
        if isinstance(value, Layer):
            part_work = None if work is None else getattr(work, field)
            yield from _parts(f"{name}.{field}", value, getattr(params, field), part_work, closed)
            continue
        for i, part in enumerate(value):
            part_work = None if work is None else getattr(work, field)[i]
            yield from _parts(f"{name}.{field}[{i}]", part, getattr(params, field)[i], part_work, closed)


def inner_layers(layer):
    """The fields of a layer that hold a layer, or a list of layers."""
    return {
        field: value
        for field, value in vars(layer).items()
        if isinstance(value, Layer)
        or (isinstance(value, list | tuple) and value and all(isinstance(v, Layer) for v in value))
    }


def _ensemble_inside(layer):
    """Whether there is an Ensemble inside the root."""
    for value in inner_layers(layer).values():
        for inner in [value] if isinstance(value, Layer) else value:
            if isinstance(inner, Ensemble) or _ensemble_inside(inner):
                return True
    return False
