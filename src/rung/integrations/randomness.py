"""The global random generators of a process: a training that draws from them goes on only if they do, too."""

import pickle
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

_FILE = "random.pickle"


def save_generators(folder: Path) -> None:
    """Write the state of Python's, NumPy's and, where it is in use, PyTorch's generators into a folder."""
    state: dict[str, Any] = {"python": random.getstate(), "numpy": np.random.get_state()}
    torch = sys.modules.get("torch")
    if torch is not None:
        state["torch"] = torch.get_rng_state().numpy()
        state["cuda"] = [each.numpy() for each in torch.cuda.get_rng_state_all()] if _cuda(torch) else []
    (folder / _FILE).write_bytes(pickle.dumps(state))


def restore_generators(folder: Path) -> None:
    """Put the generators where `save_generators` found them."""
    state = pickle.loads((folder / _FILE).read_bytes())
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch = sys.modules.get("torch")
    if torch is not None and "torch" in state:
        torch.set_rng_state(torch.from_numpy(state["torch"]))
        if len(state["cuda"]) == (torch.cuda.device_count() if _cuda(torch) else 0):
            torch.cuda.set_rng_state_all([torch.from_numpy(each) for each in state["cuda"]])


def _cuda(torch: Any) -> bool:  # Any: a module that may not be installed
    return bool(torch.cuda.is_available() and torch.cuda.is_initialized())
