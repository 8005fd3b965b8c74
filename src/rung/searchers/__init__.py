"""Searchers: what to try next. One file per family; each is a pure function of the history."""
