"""Studies to look at: simulated ones of every kind, and their events one by one."""

from collections.abc import Iterator
from pathlib import Path

import rung
from rung.core import event as ev
from rung.core.state import State
from rung.live.scene import Scene
from rung.watching import RunBegun, StudyView, view

SPACE = rung.Space(
    lr=rung.Float(1e-5, 1e-1, log=True),
    batch_size=rung.Choice([16, 32, 64], ordered=True),
    optimizer=rung.Choice({"adam": {"beta1": rung.Float(0.8, 0.99)}, "sgd": {}}),
)


def simulated(
    scheduler: object = None,
    *,
    trials: int = 60,
    workers: int = 4,
    failing: float = 0.1,
    losses_per_hour: float = 0.0,
    resource: object = None,
    seed: int = 0,
    budget: rung.Budget | None = None,
) -> rung.Study:
    """A study that was run on simulated workers."""
    study = rung.Study(
        "digits",
        SPACE,
        minimize="loss",
        scheduler=scheduler or rung.ASHA(max_resource=27),  # type: ignore[arg-type]
        resource=resource or rung.Steps("epoch"),  # type: ignore[arg-type]
        seed=seed,
        store=None,
    )
    problem = rung.LearningCurves(SPACE, noise=0.01, failing=failing, seconds=2.0, seed=seed)
    executor = rung.Simulated(problem=problem, workers=workers, losses_per_hour=losses_per_hour, seed=seed)
    return study.run(executor=executor, budget=budget or rung.Budget(trials=trials))


def two_goals(trials: int = 30) -> rung.Study:
    """A study with two objectives that contradict each other."""

    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            lr = trial.config["lr"]
            trial.report(loss=1 / step + lr, size=(0.1 - lr) ** 2 + trial.config["batch_size"])

    study = rung.Study("both", SPACE, minimize=["loss", "size"], scheduler=rung.FIFO(3), store=None)
    return study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials))


def begun(study: rung.Study, state: State, workers: int | None = 4) -> RunBegun:
    """What a watcher would learn if a run began now."""
    spec, budget = study.spec.to_builtins(), state.account.budget
    return RunBegun(study.name, study.url, Path(), spec, budget, workers, state, lambda after: iter(()))


def steps(study: rung.Study) -> Iterator[tuple[State, ev.AnyEvent, StudyView]]:
    """The events of a study, each with the state and the view after it."""
    state = study.spec.start()
    for entry in study.events():
        changed = state.apply(entry)
        yield state, entry.event, view(state, changed)


def scene_of(study: rung.Study, share: float = 1.0, workers: int | None = 4) -> Scene:
    """What there was to see after a share of the events."""
    scene: Scene | None = None
    events = int(share * sum(1 for _ in study.events()))
    for i, (state, event, seen) in enumerate(steps(study)):
        if i >= events:
            break
        if scene is None:
            scene = Scene(begun(study, state, workers))
        else:
            scene.apply(event, seen)
    assert scene is not None
    return scene
