"""A MariaDB server keeps the contract; each change of its tables is a commit of its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.servers import Mariadb
from rung.stores.events import Store, open_store
from stores.contract import StoreContract
from stores.places import place_on
from stores.samples import reports


class TestMariadb(StoreContract):
    @pytest.fixture
    def store(self, mariadb: Mariadb) -> Iterator[Store]:
        with place_on(mariadb) as place:
            store = open_store(place.url)
            yield store
            store.close()


def test_tables_that_were_half_made_are_completed(mariadb: Mariadb) -> None:
    with place_on(mariadb) as place:
        open_store(place.url).close()
        place.execute("DROP VIEW trials", "DROP VIEW reports", "DROP TABLE leases", "DELETE FROM rung_meta")
        with closing(open_store(place.url)) as store:
            store.create("digits", reports(2))
        assert place.rows("SELECT count(*) FROM reports") == [(2,)]
