"""What every store keeps: inherit `StoreContract` and give it a fixture `store`, empty and open."""

import pytest

from rung.core import event as ev
from rung.core.errors import BusyError, ContradictionError, StoreError, StudyNotFoundError
from rung.core.event import AnyEvent
from rung.stores.checks import Note
from rung.stores.events import Store
from stores.samples import ALL_KINDS, entries, reports


class StoreContract:
    """The contract of `Store` and `Log`."""

    def test_a_new_store_holds_nothing(self, store: Store) -> None:
        assert store.names() == []

    def test_studies_are_named_in_the_order_of_their_creation(self, store: Store) -> None:
        for name in ("b", "a", "ß 'quoted'"):
            store.create(name, [])
        assert store.names() == ["b", "a", "ß 'quoted'"]

    def test_a_study_begins_with_its_first_entries(self, store: Store) -> None:
        log = store.create("digits", reports(2))
        assert list(log.read()) == list(store.log("digits").read()) == reports(2)
        assert log.committed == 2

    def test_a_name_that_is_taken_is_refused_and_nothing_changes(self, store: Store) -> None:
        store.create("digits", reports(1))
        with pytest.raises(StoreError, match="'digits' exists already"):
            store.create("digits", reports(2))
        assert list(store.log("digits").read()) == reports(1)

    def test_a_study_that_does_not_begin_at_1_is_refused(self, store: Store) -> None:
        with pytest.raises(ContradictionError, match="expected 1, got 2"):
            store.create("digits", reports(1, after=1))
        assert store.names() == []

    def test_an_unknown_study_is_an_error_that_names_near_ones(self, store: Store) -> None:
        with pytest.raises(StudyNotFoundError, match="It holds none yet"):
            store.log("digits")
        store.create("digits", [])
        with pytest.raises(StudyNotFoundError, match=r"no study named 'digts' .* Did you mean 'digits'?"):
            store.log("digts")
        with pytest.raises(StudyNotFoundError, match="It holds 'digits'"):
            store.delete("something else")

    @pytest.mark.parametrize("event", ALL_KINDS, ids=lambda event: type(event).__name__)
    def test_an_event_comes_back_as_it_was_written(self, store: Store, event: AnyEvent) -> None:
        log = store.create("digits", [])
        log.acquire()
        log.append(entries([event]))
        log.flush()
        assert list(log.read()) == entries([event])
        assert repr(list(log.read())) == repr(entries([event]))  # -0.0 == 0.0, but not here

    def test_reading_begins_after_a_position(self, store: Store) -> None:
        log = store.create("digits", reports(5))
        assert list(log.read(after=3)) == reports(5)[3:]
        assert list(log.read(after=5)) == []

    def test_studies_do_not_mix(self, store: Store) -> None:
        one, two = store.create("one", reports(2)), store.create("two", reports(3))
        one.acquire()
        one.append(reports(1, after=2))
        one.flush()
        assert (len(list(one.read())), len(list(two.read()))) == (3, 3)
        assert (one.committed, two.committed) == (3, 3)

    def test_reading_can_be_restricted_to_kinds(self, store: Store) -> None:
        log = store.create("digits", entries([*ALL_KINDS, *ALL_KINDS]))
        found = [type(entry.event).__name__ for entry in log.read(after=1, kinds=(ev.Opened, ev.Stopped))]
        assert found == ["Stopped", "Opened", "Stopped"]

    def test_a_note_is_kept_with_the_entry_after_which_it_holds(self, store: Store) -> None:
        store.create("other", reports(1))
        log = store.create("digits", reports(2))
        with pytest.raises(StoreError, match="without its lease"):
            log.note(2, "two")
        log.acquire()
        log.append(reports(1, after=2))
        log.note(3, "three")
        expected = [Note("other", 1, 0, "", is_held=False), Note("digits", 3, 3, "three", is_held=True)]
        assert store.notes() == expected
        log.append(reports(2, after=3))
        log.note(4, "of an entry that is not the last")
        log.release()
        assert store.notes()[1] == Note("digits", 5, 3, "three", is_held=False)
        store.delete("digits")
        assert [note.name for note in store.notes()] == ["other"]

    def test_groups_follow_each_other(self, store: Store) -> None:
        log = store.create("digits", reports(1))
        log.acquire()
        log.append(reports(2, after=1))
        log.append([])
        log.append(reports(3, after=3))
        log.flush()
        assert list(log.read()) == reports(6)
        assert log.committed == 6

    @pytest.mark.parametrize("seq", [1, 3])
    def test_a_gap_or_a_repetition_is_refused_and_the_log_goes_on(self, store: Store, seq: int) -> None:
        log = store.create("digits", reports(1))
        log.acquire()
        with pytest.raises(ContradictionError, match=f"expected 2, got {seq}"):
            log.append(reports(1, after=seq - 1))
        log.append(reports(1, after=1))
        log.flush()
        assert list(log.read()) == reports(2)

    def test_listeners_have_been_told_when_flush_returns(self, store: Store) -> None:
        log = store.create("digits", reports(1))
        heard: list[int] = []
        log.listen(heard.append)
        log.acquire()
        for seq in range(1, 50):
            log.append(reports(1, after=seq))
        log.flush()
        assert heard[-1] == 50
        assert heard == sorted(heard)

    def test_a_listener_that_fails_harms_nobody(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        def broken(seq: int) -> None:
            raise ValueError(seq)

        log = store.create("digits", [])
        heard: list[int] = []
        log.listen(broken)
        log.listen(heard.append)
        log.acquire()
        log.append(reports(1))
        log.flush()
        assert heard == [1]
        assert "a listener of the log failed at entry 1" in caplog.text

    def test_appending_needs_the_lease(self, store: Store) -> None:
        log = store.create("digits", [])
        with pytest.raises(StoreError, match=r"without its lease. Call acquire\(\)"):
            log.append(reports(1))
        log.acquire()
        log.release()
        with pytest.raises(StoreError, match="without its lease"):
            log.append(reports(1))
        log.flush()
        assert list(log.read()) == []

    def test_one_driver_at_a_time_holds_the_lease(self, store: Store) -> None:
        first, second = store.create("digits", []), store.log("digits")
        assert not first.is_held()
        first.acquire("rung run")
        assert first.is_held()
        assert second.is_held()
        with pytest.raises(BusyError, match=r"'digits' .* is held by rung run.* this very process"):
            second.acquire()
        with pytest.raises(BusyError):
            first.acquire()
        first.append(reports(1))
        first.release()
        assert not second.is_held()
        second.acquire()
        second.append(reports(1, after=1))
        second.flush()
        assert list(first.read()) == reports(2)

    def test_releasing_makes_durable_and_can_be_repeated(self, store: Store) -> None:
        log = store.create("digits", [])
        log.acquire()
        log.append(reports(3))
        log.release()
        log.release()
        log.close()
        assert list(log.read()) == reports(3)

    def test_a_deleted_study_is_gone_and_its_name_free(self, store: Store) -> None:
        old = store.create("digits", reports(3))
        store.create("other", reports(1))
        store.delete("digits")
        assert store.names() == ["other"]
        new = store.create("digits", reports(1))
        assert list(new.read()) == reports(1)
        assert list(old.read(after=1)) == []

    def test_a_study_in_use_is_not_deleted(self, store: Store) -> None:
        log = store.create("digits", [])
        log.acquire()
        with pytest.raises(BusyError):
            store.delete("digits")
        log.append(reports(1))
        log.flush()
        assert store.names() == ["digits"]

    def test_closing_the_store_closes_its_logs(self, store: Store) -> None:
        log = store.create("digits", [])
        log.acquire()
        log.append(reports(1))
        store.close()
        store.close()
        assert list(store.log("digits").read()) == reports(1)
        store.log("digits").acquire()
