"""Damage to checkpoints: files cut, changed, deleted, in a folder or behind fsspec."""

import random
from typing import Any

from fsspec.core import url_to_fs

from rung.stores.manifest import NAME


def some(root: str, dice: random.Random, n: int) -> dict[str, str]:
    """Damage some checkpoints.

    Args:
        root: Folder or URL with all of a study.
        dice: Decides which, and how.
        n: How many.

    Returns:
        By name of the checkpoint: what was done.
    """
    system, path = url_to_fs(root)
    system.invalidate_cache()
    manifests = sorted(each for each in system.find(path) if each.endswith(f"/{NAME}"))
    found: dict[str, str] = {}
    for manifest in dice.sample(manifests, min(n, len(manifests))):
        folder = manifest.removesuffix(f"/{NAME}")
        name = "/".join(folder.split("/")[-2:])
        found[name] = _damage(system, folder, manifest, dice)
    return found


def _damage(system: Any, folder: str, manifest: str, dice: random.Random) -> str:  # fsspec has no types
    files = sorted(each for each in system.find(folder) if not each.endswith(f"/{NAME}"))
    file = dice.choice(files) if files else manifest
    content = system.cat_file(file)
    match dice.choice(["truncated", "changed", "robbed of a file", "deleted", "robbed of its manifest"]):
        case "truncated":
            system.pipe_file(file, content[: len(content) // 2])
            return "truncated"
        case "changed":
            place = dice.randrange(len(content))
            system.pipe_file(file, content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            return "changed by a bit"
        case "robbed of a file":
            system.rm_file(file)
            return "robbed of a file"
        case "deleted":
            system.rm(folder, recursive=True)
            return "deleted"
        case _:
            system.pipe_file(manifest, system.cat_file(manifest)[:-3])
            return "robbed of its manifest"
