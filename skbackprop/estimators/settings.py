"""The parameters of an estimator as one call has found them."""

from functools import cached_property, lru_cache
from operator import is_, itemgetter

from skbackprop.estimators.building import description, is_fixed
from skbackprop.estimators.stored import values_by_name
from skbackprop.optimizers import SGD

NETWORK = (  # what the layers, the loss and the form of the targets were made with
    *("hidden_layer_sizes", "activation", "loss", "quantile", "output_layer", "output_activation"),
    *("output_range", "target_scaling", "missing"),
)
SOLVER = (  # what the optimizer, the learning rate and the average were made with
    *("solver", "learning_rate", "learning_rate_init", "power_t", "momentum", "nesterovs_momentum"),
    *("beta_1", "beta_2", "epsilon", "clip_norm", "average"),
)


class Settings:
    """Validated parameters as attributes; nothing can be set.

    What was made with the settings of an earlier call is made anew where `described` says something else:
    objects may have been changed in place since then.
    """

    objects: tuple  # the values themselves

    def __init__(self, values):
        vars(self).update(values)
        vars(self)["objects"] = tuple(values.values())

    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be set: settings are those of one call.")

    @classmethod
    def of(cls, estimator, earlier=None):
        """Those of the estimator, validated, unless they are the same objects as in an earlier call.

        If these cannot change in place either, it is `earlier` itself.
        """
        objects = _objects_of(estimator)
        if earlier is not None and earlier.has(objects):
            if earlier.is_fixed:
                return earlier
            objects = earlier.objects
        else:
            estimator._validate_params()
        settings = cls(dict(zip(estimator._parameter_constraints, objects)))
        vars(settings)["objects"] = objects
        return settings

    def has(self, objects):
        """Whether these are the parameters, one for one."""
        return len(objects) == len(self.objects) and all(map(is_, objects, self.objects))

    @cached_property
    def is_fixed(self):
        """Whether no parameter can be changed in place."""
        return all(map(is_fixed, self.objects))

    @property
    def described(self):
        """What networks and solvers are made with, as values that can be compared."""
        kept = vars(self)
        if "compared" not in kept:
            names = (name for name in NETWORK + SOLVER if name in kept)
            kept["compared"] = {name: description(kept[name]) for name in names}
            if "solver" in kept:
                kept["compared"]["rate"] = first_rate(self)
        return kept["compared"]

    def changed(self, earlier, names):
        """The first of these names that says something else than in an earlier call, or None."""
        if earlier is self:
            return None
        mine, theirs = self.described, earlier.described
        return next((name for name in names if mine.get(name) != theirs.get(name)), None)

    def to_compare(self):
        """What a later call compares its settings with, without the objects."""
        settings = Settings({})
        vars(settings)["compared"] = self.described
        return settings

    def replaced(self, **values):
        """The same with other values, or with more."""
        names = (name for name in vars(self) if name not in ("objects", "compared", "is_fixed"))
        return Settings({name: vars(self)[name] for name in names} | values)


def first_rate(settings):
    """(whether the solver is SGD, the initial learning rate)."""
    solver = settings.solver
    initial = getattr(solver, "learning_rate", getattr(settings, "learning_rate_init", None))
    return solver == "sgd" or isinstance(solver, SGD), initial


def _objects_of(estimator):
    try:
        return _getter(type(estimator))(vars(estimator))
    except KeyError:  # a subclass that does not store them all
        return tuple(values_by_name(estimator).values())


@lru_cache
def _getter(kind):
    return itemgetter(*kind._parameter_constraints)
