"""Searchers that learn from earlier studies."""
