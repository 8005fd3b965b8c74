"""Appending to the table of events, in each kind of database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from rung.core import event as ev
from rung.stores import postgresql
from rung.stores.appending import append, insert_entries
from rung.stores.events import open_store
from rung.stores.sql import SqlStore
from stores.places import Place
from stores.samples import ALL_KINDS, entries, reports


@pytest.fixture
def store(place: Place) -> Iterator[SqlStore]:
    """With one study, whose id is 1 and whose fence is 1."""
    store = open_store(place.url)
    assert isinstance(store, SqlStore)
    store.create("digits", []).acquire()
    yield store
    store.close()


def test_what_is_there_already_is_left_as_it_is(store: SqlStore) -> None:
    assert append(store._writing, 1, 1, reports(5))
    assert append(store._writing, 1, 1, reports(9)[3:])  # as after a commit of which nothing was heard
    assert list(store.log("digits").read()) == reports(9)


def test_an_older_fence_appends_nothing(store: SqlStore, place: Place) -> None:
    assert append(store._writing, 1, 1, reports(2))
    place.change_lease(fence=2)
    assert not append(store._writing, 1, 1, reports(2, after=2))
    assert list(store.log("digits").read()) == reports(2)


def test_appending_extends_the_lease(store: SqlStore, place: Place) -> None:
    place.change_lease(expires=1.0)
    append(store._writing, 1, 1, reports(1))
    [(expires, stamp)] = place.rows("SELECT expires, since FROM leases")
    assert 59 < expires - stamp < 80  # it was taken a moment ago


def test_thousands_of_entries_with_hard_words_come_back_as_they_were(store: SqlStore) -> None:
    hard = ev.Failure(
        "code", "quote'\"", "NUL \x00, line\nbreak, \u2028, {brace}, %s, %%, 🦀", "\\back\\n\x1f"
    )
    many = entries([*ALL_KINDS, ev.Ended(0, 0, "failed", hard), ev.Enqueued({"a b": "NULL"})] * 150)
    assert append(store._writing, 1, 1, many)
    assert list(store.log("digits").read()) == many


def test_columns_beside_the_json_are_those_of_each_entry(store: SqlStore, place: Place) -> None:
    append(store._writing, 1, 1, entries(ALL_KINDS))
    found = place.rows("SELECT seq, time, kind, trial FROM events ORDER BY seq")
    kinds = [(each.seq, each.time, type(each.event).__name__) for each in entries(ALL_KINDS)]
    assert [row[:3] for row in found] == kinds
    assert [row[3] for row in found] == [getattr(each, "trial", None) for each in ALL_KINDS]


def test_very_long_events_are_one_transaction_of_several_statements(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LARGEST", 1000)
    long = entries([ev.Ended(0, 0, "failed", ev.Failure("code", "E", "m", "x" * 600))] * 5)
    assert append(store._writing, 1, 1, long)
    assert not append(store._writing, 1, 0, entries([each.event for each in long], after=5))
    assert list(store.log("digits").read()) == long


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_postgresql_is_told_in_one_statement(store: SqlStore) -> None:
    told: list[str] = []
    event.listen(store._writing, "before_cursor_execute", lambda *arguments: told.append(arguments[2]))
    append(store._writing, 1, 1, reports(2000))
    assert len(told) == 1
    assert list(store.log("digits").read()) == reports(2000)


def test_rows_are_inserted_in_statements_that_an_old_database_takes(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store._writing.begin() as connection:
        monkeypatch.setattr(connection.dialect, "insertmanyvalues_max_parameters", 999)
        insert_entries(connection, 1, reports(1000))
    assert list(store.log("digits").read()) == reports(1000)
