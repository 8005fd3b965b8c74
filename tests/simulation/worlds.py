"""Problems and arms to simulate."""

import rung
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.simulation.setting import Arm

SPACE = rung.Space(x=rung.Float(0.0, 1.0), y=rung.Float(0.0, 1.0))


def problem(name: str = "synthetic", max_resource: int = 9, noise: float = 0.0) -> SyntheticProblem:
    """Curves on two numbers."""
    return SyntheticProblem(name, LearningCurves(SPACE, noise=noise, seed=1), max_resource)


def arm(tag: str = "asha", workers: int = 4, **options: object) -> Arm:
    """A scheduler with random search."""
    return Arm(tag, {"type": tag, **options}, {"type": "random"}, workers)
