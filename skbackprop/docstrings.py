"""Docstrings of classes: descriptions of shared parameters are written once, in the base class."""

import re
from inspect import cleandoc, signature

SHARED = "Parameters", "Attributes"
HEADING = re.compile(r"^(\w[\w ]*)\n-+$", re.MULTILINE)
ENTRY = re.compile(r"\n+(?=\S)")


def documented(kind):
    """Add the descriptions of inherited parameters and attributes to the docstring of a class.

    A base class describes them in its own docstring, next to the fields that it declares. Descriptions in the
    class itself have priority. Parameters are listed in the order of the signature.
    """
    if not kind.__doc__:  # python -OO removes docstrings
        return kind
    told = {section: {} for section in SHARED}
    for base in kind.__mro__:
        sections = sections_of(vars(base).get("__doc__") or "")
        for section, entries in told.items():
            for entry in ENTRY.split(sections.get(section, "")):
                entries.setdefault(re.match(r"\w*", entry)[0], entry)
    own = sections_of(kind.__doc__)
    places = {name: place for place, name in enumerate(signature(kind).parameters)}
    told["Parameters"] = {name: told["Parameters"][name] for name in places if name in told["Parameters"]}
    shared = {section: "\n\n".join(filter(None, entries.values())) for section, entries in told.items()}
    parts = {"": own.pop(""), **{name: text for name, text in shared.items() if text}}
    parts |= {name: text for name, text in own.items() if name not in SHARED}
    kind.__doc__ = "\n\n".join(
        f"{name}\n{'-' * len(name)}\n{text}" if name else text for name, text in parts.items()
    )
    return kind


def sections_of(text):
    """The text of each section of a docstring; the text before the first section has the name ""."""
    head, *rest = HEADING.split(cleandoc(text))
    return {"": head.strip()} | {name: part.strip() for name, part in zip(rest[::2], rest[1::2])}
