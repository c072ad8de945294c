"""Reads and writes the lines of the file of results."""

import json
from dataclasses import asdict

from performance_plan import Case


def cell_of(group, case, settings):
    """The fields that all lines of a case share."""
    cell = {"table": group.table, "case": asdict(case), "settings": settings, "threads": group.n_threads}
    return json.loads(json.dumps(cell))


def case_of(line):
    return Case(**line["case"] | {"hidden": tuple(line["case"]["hidden"])})


def cell_key(line):
    return json.dumps([line.get(name) for name in ("table", "case", "settings", "threads")])


def key(line):
    return line["peer"], line["round"], cell_key(line)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
