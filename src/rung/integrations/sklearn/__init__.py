"""scikit-learn: `SearchCV`, a search as an estimator, and `fit_in_steps`, for iterative estimators in a study."""

from rung.integrations.sklearn.iterative import fit_in_steps
from rung.integrations.sklearn.search_cv import SearchCV

__all__ = ["SearchCV", "fit_in_steps"]
