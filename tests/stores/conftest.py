"""Where the stores of tests are, and failing asserts of the contract shown as those of a test."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

pytest.register_assert_rewrite("stores.contract")

from infra.servers import Mariadb, NotInstalledError, Postgresql  # noqa: E402
from rung.stores.events import Store, open_store  # noqa: E402
from stores.places import KINDS, Place, place_on, sqlite_place  # noqa: E402

S = TypeVar("S", Postgresql, Mariadb)


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A server for all tests; who stops it starts it again."""
    yield from _server(Postgresql, "psycopg")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Mariadb]:
    """A server for all tests; who stops it starts it again."""
    yield from _server(Mariadb, "pymysql")


def _server(kind: type[S], driver: str) -> Iterator[S]:
    pytest.importorskip(driver)
    with ExitStack() as stack:
        try:
            server = kind()
        except NotInstalledError as error:
            pytest.skip(str(error))
        stack.callback(server.close)
        yield server


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, path: Path) -> Iterator[Place]:
    """An empty database, of each kind."""
    kind = request.param
    with sqlite_place(path) if kind == "sqlite" else place_on(request.getfixturevalue(kind)) as found:
        yield found


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty store in each kind of database."""
    store = open_store(place.url)
    yield store
    store.close()
