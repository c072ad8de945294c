"""The pages: their code runs, the output they show is what it prints, and what they point to exists."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
LONG = {
    "backpropagation_answered.md",
    "grid_search.md",
    "plots.md",
    "time_series.md",
    "validation.md",
    "what_users_asked_for.md",
}  # what they show has tests beside them

# a block of Python, and the block of text that shows its output, if one follows
CODE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(((?!https?:)[^)#\s]*)#([^)]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|Users)/")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page, id=page.relative_to(ROOT).as_posix(), marks=pytest.mark.slow if page.name in LONG else ()
        )
        for page in PAGES
    ],
)
def test_code_runs_and_prints_what_is_shown(page):
    text, namespace = page.read_text(), {"__name__": "page"}
    for block in CODE.finditer(text):
        line = text.count("\n", 0, block.start(1))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + block[1], page, "exec"), namespace)
        if block[2] is not None:
            assert printed.getvalue() == block[2], f"{page.name}, output of the block at line {line + 1}"


@by_page
def test_relative_links_exist(page):
    missing = [
        link
        for link in LINK.findall(page.read_text())
        if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists()
    ]
    assert not missing


@by_page
def test_anchors_exist(page):
    """As GitHub makes them of headings: lower case, no punctuation, hyphens for spaces."""
    missing = []
    for link, anchor in ANCHOR.findall(page.read_text()):
        target = page.parent / link if link else page
        headings = re.findall(r"^#+ (.+)$", CODE.sub("", target.read_text()), re.MULTILINE)
        known = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
        if anchor not in known:
            missing.append((link, anchor))
    assert not missing


@by_page
def test_no_path_of_a_machine(page):
    assert MACHINE_PATH.findall(page.read_text()) == []


def test_whats_where_names_files_that_exist():
    table = README.read_text().split("## What's where")[1].split("\n## ")[0]
    names = [
        name
        for row in re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", row)
    ]
    assert len(names) > 15
    assert [name for name in names if not (ROOT / name).exists()] == []
