"""The guide as pages: built without a warning, complete, and readable without a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rung.face

pytest.importorskip("sphinx")
pytest.importorskip("myst_parser")
pytest.importorskip("furo")

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(DOCS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_contents(site: Path) -> None:
    contents = (site / "index.html").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert f'href="{page.stem}.html"' in contents or page.stem == "index", page.name


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    reference = (site / "reference.html").read_text(encoding="utf-8")
    errors = {"rung.core.errors"}
    for name in rung.face.__all__:
        value = getattr(rung.face, name)
        module = value.__module__ if getattr(value, "__module__", "") in errors else "rung"
        assert f'id="{module}.{name}"' in reference, name


def test_pages_load_nothing_from_a_network(site: Path) -> None:
    loads = re.compile(r'<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"')
    for page in site.glob("*.html"):
        assert not loads.search(page.read_text(encoding="utf-8")), page.name
