"""The site: it is built without a warning, its links lead somewhere, its reference has every public name."""

import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import skbackprop
from skbackprop import compat

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

DOCS = Path(__file__).parents[2] / "docs"
BUILD = DOCS / "_build" / "html"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

pytestmark = pytest.mark.slow


@contextmanager
def alone():
    """One process of tests builds at a time: they would write into each other's files."""
    with open(Path(tempfile.gettempdir()) / "skbackprop-site.lock", "w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def site():
    """Built by the command of the README, or brought up to date."""
    for name in ("pydata_sphinx_theme", "sphinx_gallery", "palmerpenguins", "tsdata"):
        pytest.importorskip(name, reason="the site needs pip install -e '.[docs]'")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(BUILD)]
    environment = os.environ | {"PYTHONWARNINGS": "default"}
    with alone():
        done = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    return {path: Page(path) for path in BUILD.rglob("*.html") if "_static" not in path.parts}


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what a browser loads with it."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loads = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes.get("id"), attributes.get("name")}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if LOADED.get(tag) in attributes:
            self.loads.append(attributes[LOADED[tag]])


def is_external(address):
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


def test_links_lead_somewhere(site):
    broken = []
    n_links = 0
    for path, page in site.items():
        for address in (*page.links, *page.loads):
            parts = urlsplit(address)
            if is_external(address) or address == "#":
                continue
            n_links += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = target.is_file() and (
                not parts.fragment
                or target.suffix != ".html"
                or unquote(parts.fragment) in site[target].anchors
            )
            if not found:
                broken.append((path.relative_to(BUILD).as_posix(), address))
    assert n_links > 1000
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site):
    loads = [(path.name, address) for path, page in site.items() for address in page.loads]
    assert len(loads) > 100
    assert [load for load in loads if is_external(load[1]) and not load[1].startswith("data:")] == []
    styles = "".join(path.read_text() for path in BUILD.rglob("*.css"))
    assert "url(http" not in styles.replace('"', "").replace("'", "")


EXTRAS = "numba", "llvmlite"  # of which nothing public is made


def documented():
    """Names in the inventory of the site."""
    from sphinx.util.inventory import InventoryFile

    inventory = InventoryFile.loads((BUILD / "objects.inv").read_bytes(), uri="").data
    return {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}


def public_modules():
    for info in pkgutil.walk_packages(skbackprop.__path__, "skbackprop."):
        try:
            module = importlib.import_module(info.name)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
            continue
        if hasattr(module, "__all__") and module is not compat:
            yield module
    yield skbackprop


def paths_of(module, name):
    """Where the object may be documented: in its module, or in a package around it that offers it too."""
    parts = module.__name__.split(".")
    for n in range(len(parts), 0, -1):
        package = importlib.import_module(".".join(parts[:n]))
        if getattr(package, name, None) is getattr(module, name):
            yield f"{package.__name__}.{name}"


def test_every_public_name_is_in_the_reference(site):
    known = documented()
    missing = [
        f"{module.__name__}.{name}"
        for module in public_modules()
        for name in module.__all__
        if known.isdisjoint(paths_of(module, name))
    ]
    assert len(known) > 300
    assert missing == []


def test_every_page_about_the_code_runs(site):
    """A page that is written in Markdown is one that tests/project/test_docs.py runs."""
    own = {path.stem for path in BUILD.glob("*.html")} - {"genindex", "search", "py-modindex"}
    assert own == {path.stem for path in DOCS.glob("*.md")}
