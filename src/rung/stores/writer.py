"""The thread that makes a log durable: groups of entries, committed together.

It knows neither SQL nor studies: it is given a function that commits a list of entries, and one that renews a
lease.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from rung.core.errors import LeaseLostError, StoreError, UnreachableError
from rung.core.event import Entry
from rung.stores.checks import check_order

COMMIT_EVERY_S = 0.050  # an entry waits at most this long before its commit begins
RENEW_EVERY_S = 10.0
MAX_GROUP = 2_000  # entries of one commit: a short transaction, whose listeners need not wait long
MAX_AHEAD = 2 * MAX_GROUP  # entries that are not durable yet, above which `append` blocks: two groups
MAX_WAITING = 100_000  # likewise, while the database does not answer
FIRST_PAUSE_S = 0.1  # before a database that does not answer is tried again; doubles each time
LONGEST_PAUSE_S = 5.0
GIVE_UP_AFTER_S = 600.0  # without an answer; then `append` and `flush` raise

Callback = Callable[[int], None]

logger = logging.getLogger(__name__)


def tell(callbacks: Iterable[Callback], seq: int) -> None:
    """Call each with the number of the last durable entry; an error in one harms nobody else."""
    for callback in callbacks:
        try:
            callback(seq)
        except Exception:
            logger.exception("a listener of the log failed at entry %d", seq)


class Writer:
    """Entries on their way to the disk.

    Invariants: entries `_committed + 1` to `_last` are those that the thread is committing and, behind them,
    those in `_waiting`. After a failure all of them wait, and none is committed until a `flush` clears it.
    That a database does not answer is no failure for a while: all wait, and it is tried again and again.

    A driver is quicker than a database. Were it let, each group would be as large as what came during the one
    before, commits would grow and entries wait ever longer; so groups are bounded, and who is too far ahead waits.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Entry]], None],
        renew: Callable[[], None],
        callbacks: Sequence[Callback],
        last: int,
    ) -> None:
        self._write = write
        self._renew = renew
        self._callbacks = callbacks
        self._last = last
        self._committed = last
        self._waiting: deque[Sequence[Entry]] = deque()  # what was appended together is committed together
        self._due = 0.0  # when what waits must be committed, by the monotonic clock
        self._renew_at = time.monotonic() + RENEW_EVERY_S
        self._failure: StoreError | None = None
        self._away_since: float | None = None  # the database did not answer then, nor afterwards
        self._pause_s = 0.0  # until it is tried again
        self._not_before = 0.0  # when that is
        self._stopping = False
        self._changed = threading.Condition()
        # A daemon: an exception in the main thread ends the program, it does not wait for a `close` to come.
        self._thread = threading.Thread(target=self._run, name="rung-writer", daemon=True)
        self._thread.start()

    @property
    def committed(self) -> int:
        """Number of the last durable entry."""
        return self._committed

    @property
    def saved(self) -> bool:
        """Whether all that was appended is durable."""
        return self._committed == self._last

    def append(self, entries: Sequence[Entry]) -> None:
        """See `Log.append`."""
        with self._changed:
            self._raise_failure()
            while self._last - self._committed >= (MAX_AHEAD if self._away_since is None else MAX_WAITING):
                self._hurry()
                self._changed.wait()
                self._raise_failure()
            check_order(self._last, entries)
            if not entries:
                return
            if not self._waiting:
                self._due = time.monotonic() + COMMIT_EVERY_S
                self._changed.notify_all()
            self._waiting.append(tuple(entries))
            self._last += len(entries)

    def flush(self) -> None:
        """See `Log.flush`."""
        with self._changed:
            if not isinstance(self._failure, LeaseLostError):
                self._failure = None  # try again
            self._hurry()
            goal = self._last
            while self._committed < goal:
                self._raise_failure()
                self._changed.wait()
            self._raise_failure()

    def try_flush(self) -> bool:
        """As `flush`, but not while the database does not answer; whether all is durable that was appended before."""
        with self._changed:
            self._raise_failure()
            self._hurry()
            goal = self._last
            while self._committed < goal and self._away_since is None:
                self._changed.wait()
                self._raise_failure()
            return self._committed >= goal

    def stop(self) -> None:
        """End the thread; what is not durable by then is dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _hurry(self) -> None:
        self._due = 0.0
        self._changed.notify_all()

    def _raise_failure(self) -> None:
        if self._failure is not None:  # a new one each time, as a traceback grows with each raise
            raise type(self._failure)(str(self._failure)) from self._failure

    # The thread

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            try:
                if batch:
                    self._write(batch)
                    tell(self._callbacks, batch[-1].seq)
                else:
                    self._renew()
            except Exception as error:  # noqa: BLE001  # whatever it was, the next append or flush must say so
                self._keep(batch, error)
            else:
                self._done(batch)

    def _next(self) -> list[Entry] | None:
        """What to commit next; nothing: renew the lease; None: stop."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                committing = bool(self._waiting) and self._failure is None
                due = max(self._due, self._not_before)
                if committing and due <= now:
                    return self._group()
                if self._renew_at <= now:
                    return []
                self._changed.wait(min(due, self._renew_at) - now if committing else self._renew_at - now)
            return None

    def _group(self) -> list[Entry]:
        """What waits longest, as much as one commit takes."""
        group = list(self._waiting.popleft())
        while self._waiting and len(group) + len(self._waiting[0]) <= MAX_GROUP:
            group.extend(self._waiting.popleft())
        return group

    def _done(self, batch: list[Entry]) -> None:
        with self._changed:
            self._renew_at = time.monotonic() + RENEW_EVERY_S  # a commit renews, too
            if batch:
                self._committed = batch[-1].seq
                self._answered()
                self._changed.notify_all()

    def _keep(self, batch: list[Entry], error: Exception) -> None:
        with self._changed:
            self._renew_at = time.monotonic() + RENEW_EVERY_S
            if batch:
                self._waiting.appendleft(batch)
            final = isinstance(error, LeaseLostError)
            if batch and isinstance(error, UnreachableError):
                self._try_again(error)
            elif batch or final:  # else a renewal failed: no harm yet, the fence guards
                self._failure = error if isinstance(error, StoreError) else _as_store_error(error, batch)
            self._changed.notify_all()

    def _try_again(self, error: UnreachableError) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            logger.warning(
                "%s The study goes on: what it reports waits here, up to %s entries, and is written when the "
                "database answers again.",
                error,
                f"{MAX_WAITING:,}",
            )
        elif now - self._away_since > GIVE_UP_AFTER_S:
            self._failure, self._away_since = error, None
        self._pause_s = min(2 * self._pause_s or FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._not_before = now + self._pause_s

    def _answered(self) -> None:
        if self._away_since is not None:
            logger.info("the database answers again after %.1f s", time.monotonic() - self._away_since)
        self._away_since, self._pause_s, self._not_before = None, 0.0, 0.0


def _as_store_error(error: Exception, batch: list[Entry]) -> StoreError:
    failure = StoreError(
        f"entries {batch[0].seq} to {batch[-1].seq} cannot be written: {type(error).__name__}: {error}. "
        "Entries hold plain values: numbers, text, lists, dicts."
    )
    failure.__cause__ = error
    return failure
