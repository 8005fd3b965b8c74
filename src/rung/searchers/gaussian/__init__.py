"""Bayesian optimization with Gaussian processes: GP, and MOBSTER over all resources."""
