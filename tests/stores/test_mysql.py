"""A MariaDB server keeps the contract; each change of its tables is a commit of its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from infra.servers import Mariadb
from rung.stores import mysql
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


def test_who_stands_still_in_a_transaction_loses_its_locks(
    mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "LOCK_TIMEOUT_S", 1)
    with place_on(mariadb) as place, closing(open_store(place.url)) as store:
        store.create("digits", [])
        frozen = mysql.database(make_url(place.url), place.url).writing.connect()
        frozen.exec_driver_sql("UPDATE leases SET expires = 0")
        place.change_lease(owner="the next one")  # which waits for the lock
        with pytest.raises(OperationalError):
            frozen.exec_driver_sql("COMMIT")
        frozen.invalidate()
