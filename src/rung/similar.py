"""Similar studies: which earlier studies were on data sets like this one, for `warm_start=`."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rung.core.resource import check_count
from rung.models.metafeatures import check_features, distances
from rung.stores.events import open_store
from rung.study import Study


def nearest(
    features: Mapping[str, float],
    studies: Sequence[Study | str] | None = None,
    *,
    k: int = 3,
    store: str | Path = "rung.db",
    leave_out: Collection[str] = (),
) -> list[Study | str]:
    """The studies on data sets most like one, the nearest first, to be given as `warm_start=`.

    Only studies that were described, see `Study.describe`, and whose features can be compared with these.

    Args:
        features: Of the data set, as `rung.meta_features(X, y)` gives them.
        studies: Among which: studies, or names as for `warm_start=`; None: all that the store holds.
        k: How many at most.
        store: Where names without a store are, as `rung.Study` has it.
        leave_out: Names of studies that do not count, such as the one that is to be warm-started.

    Raises:
        SpecError: If a feature is not a number, or k makes no sense.
        StudyNotFoundError: If there is no study of a name.
    """
    check_count("k", k)
    check_features(features)
    asked = [f"{store}/{name}" for name in open_store(store).names()] if studies is None else studies
    named = [(each, each if isinstance(each, Study) else _loaded(each, store)) for each in asked]
    known = [
        (each, study.features) for each, study in named if study.name not in leave_out and study.features
    ]
    apart = distances(features, [described for _, described in known])
    order = sorted(range(len(known)), key=lambda place: apart[place])  # of equal ones the first named
    return [known[place][0] for place in order[:k] if math.isfinite(apart[place])]


def _loaded(source: str, store: str | Path) -> Study:
    where, _, name = source.rpartition("/")
    return Study.load(name, where or store)
