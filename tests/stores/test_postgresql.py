"""A PostgreSQL server keeps the contract, and takes what many drivers say at once."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from infra.servers import Postgresql
from rung.stores.events import Store, open_store
from rung.stores.writer import MAX_AHEAD
from stores.contract import StoreContract
from stores.places import place_on
from stores.processes import line, running, tell
from stores.samples import reports

FIVE_DRIVERS = """
from threading import Barrier, Thread

begin, ahead = Barrier(6), []

def drive(name):
    store = open_store(path)
    log = store.create(name, [])
    log.acquire()
    begin.wait()
    for seq in range(6000):
        log.append(reports(1, after=seq))
        ahead.append(seq + 1 - log.committed)
    store.close()

drivers = [Thread(target=drive, args=(f"{sys.argv[2]} {number}",)) for number in range(5)]
for driver in drivers:
    driver.start()
say("ready")
hear()
begin.wait()
for driver in drivers:
    driver.join()
say(max(ahead))
"""


class TestPostgresql(StoreContract):
    @pytest.fixture
    def store(self, postgresql: Postgresql) -> Iterator[Store]:
        with place_on(postgresql) as place:
            store = open_store(place.url)
            yield store
            store.close()


def test_ten_drivers_at_full_speed_share_a_server_and_none_runs_away_from_it(postgresql: Postgresql) -> None:
    with place_on(postgresql) as place, ExitStack() as stack:
        processes = [stack.enter_context(running(FIVE_DRIVERS, place.url, name)) for name in ("a", "b")]
        assert [line(process) for process in processes] == ["ready"] * 2
        for process in processes:
            tell(process)
        assert max(int(line(process)) for process in processes) <= MAX_AHEAD
        with closing(open_store(place.url)) as store:
            assert [(note.last, note.is_held) for note in store.notes()] == [(6000, False)] * 10
            assert list(store.log("b 3").read()) == reports(6000)
