"""Every searcher by its name in logs, study files and flags."""

from rung.core.registry import Registry
from rung.core.suggestion import SearcherSpec
from rung.searchers.grid import GridSearch
from rung.searchers.random import RandomSearch

SEARCHERS: Registry[SearcherSpec] = Registry("searcher")

for _spec in (RandomSearch, GridSearch):
    SEARCHERS.add(_spec)
