"""Objectives written for Optuna, unchanged: `suggest_*`, `report`, `should_prune`, `TrialPruned`. Needs no Optuna."""

from rung.integrations.optuna.attributes import user_attrs
from rung.integrations.optuna.running import optimize, space_of, train_of
from rung.integrations.optuna.trial import TrialPruned

__all__ = ["TrialPruned", "optimize", "space_of", "train_of", "user_attrs"]
