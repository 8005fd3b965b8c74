"""Every page works: its Python is run from top to bottom, its commands too, and its links lead somewhere.

A block that begins with the name of a file (`# name.py`, `# name.toml`, `# name.sh`, `// name.c`) is that file, for
later commands. In ```console blocks the lines that begin with `$ ` are run. Other blocks (```text) are for reading.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"^<!-- needs: (.*) -->$", re.MULTILINE)  # what is not installed skips the page
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


def steps(page: Path) -> list[str]:
    """The page as statements of one Python program."""
    text = page.read_text(encoding="utf-8")
    found = ["import subprocess"]
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        if kind in ("python", "toml", "sh", "c") and (file := re.match(r"(?:#|//) (\w+\.\w+)\n", body)):
            found.append(f"open({file[1]!r}, 'w', encoding='utf-8').write({body!r})")
        elif kind == "python":
            shifted = "\n" * line + body  # so that a traceback names the line of the page
            found.append(f"exec(compile({shifted!r}, {str(page)!r}, 'exec'))")
        elif kind == "console":
            for command in re.findall(r"^\$ (.*)$", body, re.MULTILINE):
                found.append(f"print({'$ ' + command!r}, flush=True)")
                found.append(f"subprocess.run({command!r}, shell=True, check=True)")
    return found


def run(page: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a page in a folder of its own."""
    commands = folder / "bin"
    commands.mkdir()
    for word, call in {"python": "", "rung": " -m rung"}.items():
        (commands / word).write_text(f'#!/bin/sh\nexec "{sys.executable}"{call} "$@"\n')
        (commands / word).chmod(0o755)
    script = folder / "page.py"
    script.write_text(
        "if __name__ == '__main__':\n    " + "\n    ".join(steps(page)) + "\n", encoding="utf-8"
    )
    return subprocess.run(
        [sys.executable, script.name],
        cwd=folder,
        env={**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )


def missing(page: Path) -> list[str]:
    """The libraries that a page needs and that are not installed."""
    names = NEEDS.findall(page.read_text(encoding="utf-8"))
    return [name for each in names for name in each.split(", ") if find_spec(name) is None]


Runs = dict[Path, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """All pages that were selected, two at a time: most of their time is start-up."""
    chosen = [item.callspec.params["page"] for item in request.session.items if "runs" in item.fixturenames]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2) as pool:
        yield {
            page: pool.submit(run, page, tmp_path_factory.mktemp(page.stem))
            for page in chosen
            if len(steps(page)) > 1 and not missing(page)
        }
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_and_commands_of_a_page_work(page: Path, runs: Runs) -> None:
    if names := missing(page):
        pytest.skip(f"{page.name} needs {', '.join(names)}")
    if page in runs:
        done = runs[page].result()
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in link and not link.startswith("#"):
            assert (page.parent / link.partition("#")[0]).exists(), f"{page.name}: {link}"


def test_make_targets_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"make ([a-z-]+)(?=`|\s{2,})", page.read_text(encoding="utf-8")):
            assert target in targets, f"{page.name}: make {target}"


def test_each_page_stands_in_the_index() -> None:
    linked = LINK.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    assert {page.name for page in PAGES[1:]} - {"index.md"} <= set(linked)
