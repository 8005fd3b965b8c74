"""A PostgreSQL server keeps the contract."""

from collections.abc import Iterator

import pytest

from infra.servers import Postgresql
from rung.stores.events import Store, open_store
from stores.contract import StoreContract
from stores.places import place_on


class TestPostgresql(StoreContract):
    @pytest.fixture
    def store(self, postgresql: Postgresql) -> Iterator[Store]:
        with place_on(postgresql) as place:
            store = open_store(place.url)
            yield store
            store.close()
