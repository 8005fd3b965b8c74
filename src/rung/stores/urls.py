"""What a user may give as a store: a path, or the URL of a server. Importing this costs nothing."""

import re
from pathlib import Path

SUPPORTED = (
    "Give a path such as rung.db, sqlite:///path, postgresql://user@host/name, mysql://user@host/name, "
    "or None for memory."
)

_SERVERS = ("postgresql", "postgres", "mysql", "mariadb")


def is_server(store: str | Path) -> bool:
    """Whether the store is a database server, not a file."""
    found = re.match(r"(\w+)(\+\w+)?://", store) if isinstance(store, str) else None
    return found is not None and found[1] in _SERVERS


def beside(store: str | Path) -> Path:
    """The folder for the files that belong to a store: next to its file, or here for a server.

    No file's folder is called as that of servers is, so that `rung gc` of a file never meets files of a server's study.
    """
    return (
        Path("rung-files")
        if is_server(store)
        else Path(str(store).removeprefix("sqlite:///")).with_suffix(".files")
    )
