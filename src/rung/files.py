"""Where the files of a study lie: checkpoints, what trainings print, scratch folders."""

import shutil
import tempfile
import uuid
import weakref
from collections.abc import Collection
from pathlib import Path

from rung.core.rng import address
from rung.stores.checkpoint_bucket import CheckpointBucket
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.checkpoints import Checkpoints, CheckpointStore
from rung.stores.urls import beside


class StudyFiles:
    """A folder beside the store, or a temporary one that goes with the study.

    Its name ends in a mark of the moment when the study was opened: what a deleted store has left behind, or a study of
    the same name in another store, is never taken for this one's.

    Args:
        name: Of the study.
        opened_at: When it was opened.
        store: Its store; None: memory.
        kept: Where the user wants the checkpoints; None: beside the store. A local folder is that of all files; with
            a URL the other ones, and checkpoints on their way, lie beside the store.

    Attributes:
        folder: The folder; made when something is written.
        checkpoints: The checkpoints.
        quota_bytes: What they may take; None: no limit.
    """

    def __init__(
        self, name: str, opened_at: float, store: str | Path | None, kept: Checkpoints | None
    ) -> None:
        kept = kept or Checkpoints()
        if kept.url is not None and not kept.is_remote:
            root = Path(kept.url.removeprefix("file://"))
        elif store is not None:
            root = beside(store)
        else:
            root = Path(tempfile.gettempdir()) / f"rung-{uuid.uuid4().hex}"
            weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)
        mark = f"{address(0, repr(opened_at), 0):016x}"[:6]
        self.folder = (root / f"{name}-{mark}").absolute()
        self.quota_bytes = kept.quota_bytes
        self.checkpoints: CheckpointStore
        if kept.url is not None and kept.is_remote:
            url = f"{kept.url.rstrip('/')}/{self.folder.name}"
            self.checkpoints = CheckpointBucket(url, self.folder / "staging")
        else:
            self.checkpoints = CheckpointFolder(self.folder / "checkpoints")
        self._fetched: tuple[str, Path] | None = None

    def fetch(self, checkpoint: str) -> Path:
        """A local folder with a checkpoint, checked; the last one that was asked for is fetched once."""
        if self._fetched is None or self._fetched[0] != checkpoint:
            self._fetched = checkpoint, self.checkpoints.fetch(checkpoint)
        return self._fetched[1]

    def clean(self, known: Collection[str]) -> None:
        """Delete what a driver that died has left: half-written checkpoints, and those that no log knows."""
        self.checkpoints.sweep()
        for name in self.checkpoints.names():
            if name not in known:
                self.checkpoints.drop(name)
