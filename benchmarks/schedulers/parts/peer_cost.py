"""The cost of a decision in another tool: `PYTHON peer_cost.py NAME N SECONDS < numbers` prints a line of JSON.

The tool is brought to where N trials are known, by the quickest way that it has, and is then asked about the results of
further trials through its own interface. Counted is the processor's time of the questions alone, not of storing. It
ends with code 3 if the tool is not installed.
"""

import json
import logging
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
sys.path.insert(0, str(Path(__file__).parent))

from stream import ETA, LEVELS, MAX_RESOURCE, halving_lives, loss, median_lives

FEWEST = 20  # results that are measured in any case
Costs = Iterator[float]
"""CPU seconds of the decisions after each further result, without end."""


def spent(call: Callable[[], object]) -> tuple[object, float]:
    """What a call gives, and its CPU seconds."""
    begun = time.thread_time()
    found = call()
    return found, time.thread_time() - begun


# Optuna


def optuna_halving(known: list[float], more: list[float]) -> Costs:
    import optuna

    return _optuna(optuna.pruners.SuccessiveHalvingPruner(1, ETA), halving_lives(known), more)


def optuna_hyperband(known: list[float], more: list[float]) -> Costs:
    import optuna

    return _optuna(optuna.pruners.HyperbandPruner(1, MAX_RESOURCE, ETA), halving_lives(known), more)


def optuna_median(known: list[float], more: list[float]) -> Costs:
    import optuna

    return _optuna(optuna.pruners.MedianPruner(), median_lives(known), more)


def _optuna(pruner, lives, more) -> Costs:  # type: ignore[no-untyped-def]  # a peer, perhaps not installed
    import optuna

    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(0))
    study.add_trials([_optuna_trial(losses) for losses in lives])
    for x in more:
        trial = study.ask()
        for step in range(1, MAX_RESOURCE + 1):
            trial.report(loss(x, step), step)
            prune, cost = spent(trial.should_prune)
            yield cost
            if prune:
                break
        study.tell(trial, loss(x, step))


def _optuna_trial(losses: list[float]) -> object:
    import optuna

    complete = len(losses) == MAX_RESOURCE
    rungs = [level for level in LEVELS if level <= len(losses)]
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.COMPLETE if complete else optuna.trial.TrialState.PRUNED,
        value=losses[-1],
        intermediate_values=dict(enumerate(losses, 1)),
        system_attrs={f"completed_rung_{k}": losses[level - 1] for k, level in enumerate(rungs)},
    )


# Ray Tune


def ray_asha(known: list[float], more: list[float]) -> Costs:
    from ray.tune.schedulers import AsyncHyperBandScheduler

    scheduler = AsyncHyperBandScheduler(
        metric="loss", mode="min", max_t=MAX_RESOURCE, grace_period=1, reduction_factor=ETA
    )
    for number, losses in enumerate(halving_lives(known)):
        for milestone, recorded in scheduler._brackets[0]._rungs:
            if milestone <= len(losses):
                recorded[str(number)] = -losses[milestone - 1]
    return _ray(scheduler, len(known), more)


def ray_median(known: list[float], more: list[float]) -> Costs:
    from ray.tune.schedulers import MedianStoppingRule

    scheduler = MedianStoppingRule(
        time_attr="training_iteration", metric="loss", mode="min", grace_period=1, min_samples_required=5
    )
    for number, losses in enumerate(median_lives(known)):
        scheduler._results[_ray_trial(number)] = [_ray_result(value, i) for i, value in enumerate(losses, 1)]
    return _ray(scheduler, len(known), more)


def _ray(scheduler, n, more) -> Costs:  # type: ignore[no-untyped-def]  # a peer, perhaps not installed
    controller = types.SimpleNamespace(get_live_trials=list)
    for number, x in enumerate(more, n):
        trial = _ray_trial(number)
        scheduler.on_trial_add(controller, trial)
        for step in range(1, MAX_RESOURCE + 1):
            result = _ray_result(loss(x, step), step)
            verdict, cost = spent(lambda: scheduler.on_trial_result(controller, trial, result))  # noqa: B023  called here
            yield cost
            if verdict == "STOP":
                break


def _ray_trial(number: int) -> object:
    return _RayTrial(number)


class _RayTrial:
    """As much of a trial as the schedulers look at."""

    is_saving = False

    def __init__(self, number: int) -> None:
        self.trial_id = str(number)
        self.status = "PENDING"
        self.steps = 0


def _ray_result(value: float, step: int) -> dict[str, float]:
    return {"loss": value, "training_iteration": step}


PENDING = 200  # trials that Ray Tune makes ahead


def ray_hyperband(known: list[float], more: list[float]) -> Costs:
    """Nothing can be prepared here: the trials before are run, too, and not counted."""
    from ray.tune.schedulers import HyperBandScheduler

    scheduler = HyperBandScheduler(
        time_attr="training_iteration", metric="loss", mode="min", max_t=MAX_RESOURCE, reduction_factor=ETA
    )
    controller = _RayController(scheduler)
    waiting = iter([*known, *more])
    xs: dict[object, float] = {}
    begun = 0
    while True:
        trial, choosing = spent(lambda: scheduler.choose_trial_to_run(controller))
        if trial is None:
            for x in islice(waiting, PENDING):
                trial = _RayTrial(len(xs))
                xs[trial] = x
                scheduler.on_trial_add(controller, trial)
            continue
        begun += trial.status == "PENDING"
        trial.status = "RUNNING"
        verdict = "CONTINUE"
        while verdict == "CONTINUE":
            trial.steps += 1
            result = _ray_result(loss(xs[trial], trial.steps), trial.steps)
            verdict, cost = spent(lambda: scheduler.on_trial_result(controller, trial, result))  # noqa: B023  called here
            if begun > len(known):
                yield cost + choosing
            choosing = 0.0
        trial.status = "PAUSED" if verdict == "PAUSE" else "TERMINATED"


class _RayController:
    def __init__(self, scheduler) -> None:  # type: ignore[no-untyped-def]  # a peer, perhaps not installed
        self._scheduler = scheduler

    def stop_trial(self, trial: _RayTrial) -> None:
        """As Ray's own does for a trial that is at rest."""
        if trial.status in ("PENDING", "PAUSED"):
            self._scheduler.on_trial_remove(self, trial)
        trial.status = "TERMINATED"


# Syne Tune


def syne_asha(known: list[float], more: list[float]) -> Costs:
    scheduler = _syne_asha()
    for number, losses in enumerate(halving_lives(known)):
        for milestone, recorded in scheduler.brackets[0].rungs:
            if milestone <= len(losses):
                recorded[number] = {"loss": losses[milestone - 1]}
    return _syne(scheduler, len(known), more)


def syne_median(known: list[float], more: list[float]) -> Costs:
    import numpy as np
    from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

    inner = _syne_asha()
    inner.on_trial_result = lambda trial, result: "CONTINUE"  # the rule alone
    scheduler = MedianStoppingRule(inner, time_attr="epoch", metric="loss")
    averages: dict[int, list[float]] = {step: [] for step in range(1, MAX_RESOURCE + 1)}
    for losses in median_lives(known):
        for step in range(1, len(losses) + 1):
            averages[step].append(sum(losses[:step]) / step)
    for step, found in averages.items():
        scheduler.sorted_results[step] = np.sort(found)
    return _syne(scheduler, len(known), more)


def _syne_asha():  # type: ignore[no-untyped-def]  # a peer, perhaps not installed
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving

    return AsynchronousSuccessiveHalving(
        {"x": uniform(0.0, 1.0)},
        metric="loss",
        time_attr="epoch",
        max_t=MAX_RESOURCE,
        grace_period=1,
        reduction_factor=ETA,
        random_seed=0,
    )


def _syne(scheduler, n, more) -> Costs:  # type: ignore[no-untyped-def]  # a peer, perhaps not installed
    import datetime

    from syne_tune.backend.trial_status import Trial

    for number, x in enumerate(more, n):
        trial = Trial(number, {"x": x}, datetime.datetime.now())
        scheduler.on_trial_add(trial)
        for step in range(1, MAX_RESOURCE + 1):
            result = {"loss": loss(x, step), "epoch": step}
            verdict, cost = spent(lambda: scheduler.on_trial_result(trial, result))  # noqa: B023  called here
            yield cost
            if verdict == "STOP":
                break


PEERS = {
    "optuna": (optuna_halving, optuna_hyperband, optuna_median),
    "ray": (ray_asha, ray_hyperband, ray_median),
    "syne_tune": (syne_asha, syne_median),
}
"""By the package that they are of."""


def main() -> None:
    name, n, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    package, measured = next((p, each) for p, all_ in PEERS.items() for each in all_ if each.__name__ == name)
    try:
        module = __import__(package)
    except ImportError:
        sys.exit(3)
    numbers = json.load(sys.stdin)
    costs: list[float] = []
    for cost in measured(numbers[:n], numbers[n:]):
        costs.append(cost)
        if len(costs) >= FEWEST and (sum(costs) > seconds or len(costs) >= n // 5):
            break
    print(
        json.dumps(
            {"version": module.__version__, "results": len(costs), "us": 1e6 * sum(costs) / len(costs)}
        )
    )


if __name__ == "__main__":
    main()
