"""Where the files of a study lie: checkpoints, what trainings print, scratch folders."""

import shutil
import tempfile
import uuid
import weakref
from collections.abc import Collection
from pathlib import Path

from rung.core.rng import address
from rung.stores.checkpoints import CheckpointFolder


class StudyFiles:
    """A folder beside the store, or a temporary one that goes with the study.

    Its name ends in a mark of the moment when the study was opened: what a deleted store has left behind, or a study of
    the same name in another store, is never taken for this one's.

    Args:
        name: Of the study.
        opened_at: When it was opened.
        store: Its store; None: memory.
        folder: Where the user wants the files; None: beside the store.

    Attributes:
        folder: The folder; made when something is written.
        checkpoints: The checkpoints in it.
    """

    def __init__(self, name: str, opened_at: float, store: str | Path | None, folder: str | None) -> None:
        if folder is not None:
            root = Path(folder)
        elif store is not None:
            root = Path(str(store).removeprefix("sqlite:///")).with_suffix(".files")
        else:
            root = Path(tempfile.gettempdir()) / f"rung-{uuid.uuid4().hex}"
            weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)
        mark = f"{address(0, repr(opened_at), 0):016x}"[:6]
        self.folder = (root / f"{name}-{mark}").absolute()
        self.checkpoints = CheckpointFolder(self.folder / "checkpoints")

    def clean(self, known: Collection[str]) -> None:
        """Delete what a driver that died has left: half-written checkpoints, and those that no log knows."""
        self.checkpoints.sweep()
        for name in self.checkpoints.names():
            if name not in known:
                self.checkpoints.drop(name)
