"""The SQLite file of a test, and failing asserts of the contract shown as those of a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("stores.contract")

from rung.stores.events import Store, open_store  # noqa: E402


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is, or will be."""
    return tmp_path / "rung.db"


@pytest.fixture
def sqlite(path: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    store = open_store(path)
    yield store
    store.close()
