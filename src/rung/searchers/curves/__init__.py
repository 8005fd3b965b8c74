"""Bayesian optimization on where learning curves will end."""
