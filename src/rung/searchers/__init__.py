"""Searchers: what to try next. One file or folder per family; each is a pure function of the history."""
