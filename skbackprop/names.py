"""Turn names into objects: once, when a component is made, with one table per kind."""

from skbackprop.compat import InvalidParameterError


def resolve(value, table, argument):
    """The object that `value` names in `table`; an object is returned as it is."""
    if not isinstance(value, str):
        return value
    if value not in table:
        raise InvalidParameterError(
            f"{argument}={value!r} is not known: give one of {sorted(table)}, or an object."
        )
    return table[value]()
