"""Studies to draw, run by the simulator: what training reports is a function of the configuration."""

from collections.abc import Mapping

import rung
from rung.analysis.data import StudyData, read


def by_x(config: dict[str, float], resource: int, seed: int) -> tuple[Mapping[str, object], float]:
    """The loss is x / resource, a unit takes a second."""
    return {"loss": config["x"] / resource}, 1.0


def run(
    problem=by_x, space=None, *, trials=9, workers=1, name="drawn", configs=(), simulated=None, **study
) -> StudyData:  # type: ignore[no-untyped-def]
    """The columns of a study that was run to the end of its budget; `configs` are tried first."""
    if not {"minimize", "maximize"} & study.keys():
        study["minimize"] = "loss"
    study.setdefault("resource", rung.Steps("epoch"))
    made = rung.Study(name, space or {"x": rung.Float(0.0, 1.0)}, store=None, **study)
    for config in configs:
        made.enqueue(config)
    executor = rung.Simulated(problem=problem, workers=workers, **(simulated or {}))
    made.run(executor=executor, budget=rung.Budget(trials=trials))
    return read(made)


def empty(**study) -> StudyData:  # type: ignore[no-untyped-def]
    """A study that was never run."""
    study.setdefault("minimize", "loss")
    return read(rung.Study("fresh", {"x": rung.Float(0.0, 1.0)}, store=None, **study))
