"""One self-contained page: the template with style, scripts and the numbers of a trace."""

import json
import re
from pathlib import Path

import numpy as np

from skbackprop.inspection.page.model import model_of

FOLDER = Path(__file__).parent
SCRIPTS = [
    f"{name}.js" for name in ("engine", "numbers", "state", "formulas", "steps", "drawing", "tables", "page")
]
PLACE = re.compile(r"\{\{(\w+)\}\}")


def write_page(trace, path):
    """Write the page of a `Trace` to a file."""
    Path(path).write_text(page_of(trace), encoding="utf-8")


def page_of(trace):
    """The page as text."""
    parts = {
        "style": _read("page.css"),
        "script": "\n".join(map(_read, SCRIPTS)),
        "model": as_json(model_of(trace)),
    }
    return PLACE.sub(lambda place: parts[place[1]], _read("page.html"))


def _read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def as_json(model):
    """JSON that is safe inside a script element, with {"nonfinite": "NaN"} for NaN."""
    text = json.dumps(_plain(model), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value):
    """Convert arrays to lists, and numbers that are not finite to objects."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        return numbers if np.isfinite(value).all() else _plain(numbers)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return {"nonfinite": "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value
