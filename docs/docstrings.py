"""Docstrings are plain text: |x|, n_iter_ and *args in them are not markup."""

import re

CODE = re.compile(r"(``.+?``|`.+?`)")
MARKUP = re.compile(r"(?<!\\)(\||(?<=\w)_(?!\w)|(?<![*\w])\*(?=[^\s*]))")


def escaped(line):
    """Escape markup outside of backticks."""
    return "".join(part if i % 2 else MARKUP.sub(r"\\\1", part) for i, part in enumerate(CODE.split(line)))


def indentation(line):
    return len(line) - len(line.lstrip())


def escape_markup(app, what, name, obj, options, lines):
    literal = None  # the indentation of the line that opened a literal block
    in_doctest = False
    for i, line in enumerate(lines):
        if not line.strip():
            in_doctest = False
            continue
        if literal is not None and indentation(line) <= literal:
            literal = None
        in_doctest = in_doctest or line.lstrip().startswith(">>>")
        if literal is None and not in_doctest:
            if line.rstrip().endswith("::") or line.lstrip().startswith(".. "):
                literal = indentation(line)
            else:
                lines[i] = escaped(line)


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", escape_markup, priority=900)  # after numpydoc
    return {"parallel_read_safe": True}
