"""Where the files of a study lie: checkpoints, what trainings print, scratch folders."""

import shutil
import tempfile
import uuid
import weakref
from pathlib import Path

from rung.stores.checkpoints import CheckpointFolder


class StudyFiles:
    """A folder beside the store, or a temporary one that goes with the study.

    Attributes:
        folder: The folder; made when something is written.
        checkpoints: The checkpoints in it.
    """

    def __init__(self, name: str, store: str | Path | None, folder: str | None) -> None:
        if folder is not None:
            root = Path(folder)
        elif store is not None:
            root = Path(str(store).removeprefix("sqlite:///")).with_suffix(".files")
        else:
            root = Path(tempfile.gettempdir()) / f"rung-{uuid.uuid4().hex}"
            weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)
        self.folder = (root / name).absolute()
        self.checkpoints = CheckpointFolder(self.folder / "checkpoints")
