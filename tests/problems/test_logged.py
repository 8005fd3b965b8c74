"""Tables from the logs of studies: what was observed, as far as it went."""

import numpy as np
import pytest

import rung
from rung.core.errors import NoResultError
from rung.core.space import Config
from rung.problems.goals import Goals
from rung.problems.logged import logged
from rung.problems.table import Table

SPACE = rung.Space(x=rung.Float(0.0, 1.0))


def training(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    x = config["x"]
    assert isinstance(x, float)
    return {"accuracy": float("nan") if x > 0.8 and resource > 1 else x * resource}, 2.0


def table_of(study: rung.Study) -> Table:
    return logged(study.name, study.space, Goals(study.spec.objectives), study.spec.resource, study.history)


def studied(scheduler: object, trials: int, resource: object = None) -> rung.Study:
    study = rung.Study(
        "logged",
        SPACE,
        maximize="accuracy",
        scheduler=scheduler,  # type: ignore[arg-type]  # one of two
        resource=resource,  # type: ignore[arg-type]
        store=None,
    )
    return study.run(executor=rung.Simulated(problem=training), budget=rung.Budget(trials=trials))


def test_whole_trainings_are_whole_curves_and_failed_ones_are_diverged() -> None:
    study = studied(rung.FIFO(max_resource=3), 30)
    table = table_of(study)
    assert table.is_whole
    assert table.objective.maximize
    for config, curve, seconds in zip(table.configs, table.values[0], table.seconds[0], strict=True):
        x = config["x"]
        assert isinstance(x, float)
        if x <= 0.8:
            np.testing.assert_allclose(curve, [x, 2 * x, 3 * x])
            assert seconds.tolist() == [2.0, 2.0, 2.0]
        else:
            np.testing.assert_array_equal(np.isnan(curve), [False, True, True])
    assert np.isnan(table.finals).sum() == study.state.counts["failed"] > 0


def test_trials_that_were_paused_end_where_they_stood() -> None:
    study = studied(rung.ASHA(max_resource=9), 30)
    table = table_of(study)
    assert not table.is_whole
    stood = [trial.resource for trial in study.trials if trial.status != "failed"]
    found = [length for length, final in zip(table.lengths, table.finals, strict=True) if not np.isnan(final)]
    assert sorted(found) == sorted(stood)


def test_a_resource_that_restarts_keeps_the_seconds_of_whole_runs() -> None:
    table = table_of(studied(rung.ASHA(max_resource=9), 30, rung.Fraction()))
    row = int(np.argmax(table.lengths))
    assert table.lengths[row] == 9
    assert table.seconds[0, row, [0, 2, 8]].tolist() == [2.0, 2.0, 2.0]


def test_too_few_results_are_not_simulated_on() -> None:
    with pytest.raises(NoResultError, match="results of 3 trials"):
        table_of(studied(rung.FIFO(max_resource=1), 3))
