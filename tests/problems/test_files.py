"""Tables as files: what is written is read, and each kind of fidelity means what it should."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rung
from rung.core.errors import SpecError
from rung.problems.files import read_table, write_table

from .tables import table, two_metrics

NAN = float("nan")


def described(folder: Path, arrays: dict[str, np.ndarray], fidelity: dict[str, object]) -> Path:
    """A table as somebody else would write it."""
    words = {
        "format": 1,
        "task": "foreign",
        "metric": {"name": "accuracy", "lower_is_better": False},
        "fidelity": fidelity,
        "hp_kinds": [{"name": "x", "type": "float", "low": 0, "high": 1, "log": False, "choices": None}],
        "notes": "for people",
    }
    (folder / "foreign.json").write_text(json.dumps(words))
    np.savez(folder / "foreign.npz", **arrays)  # type: ignore[arg-type]  # its stubs take a keyword for an option
    return folder / "foreign.npz"


def test_a_table_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    made = table([[3.0, 2.0], [4.0, NAN], [5.0, 1.0]], lengths=[2, 2, 2], seconds=0.5)
    data, words = write_table(made, tmp_path / "v1.2-small")
    assert {data.name, words.name} == {"v1.2-small.npz", "v1.2-small.json"}
    found = read_table(words)
    assert (found.name, found.objective, found.resource) == (made.name, made.objective, made.resource)
    assert (found.space, found.configs) == (made.space, made.configs)
    np.testing.assert_allclose(found.values, made.values)
    np.testing.assert_allclose(found.seconds, made.seconds)
    assert (found.best, found.typical) == (1.0, 1.5)


def test_a_run_that_diverged_early_is_told_from_one_that_was_over(tmp_path: Path) -> None:
    made = table([[3.0, NAN, NAN], [4.0, 3.0, NAN], [5.0, 4.0, 1.0]], lengths=[2, 2, 3])
    found = read_table(write_table(made, tmp_path / "ragged")[0])
    assert found.lengths.tolist() == [2, 2, 3]
    np.testing.assert_array_equal(found.finals, [NAN, 3.0, 1.0])


def test_cumulative_seconds_of_a_resumable_fidelity_become_those_of_each_unit(tmp_path: Path) -> None:
    arrays = {
        "configs": np.array([[0.5]]),
        "metric": np.array([[0.1, 0.2, 0.3]]),
        "elapsed": np.array([[2.0, 5.0, NAN]]),
    }
    found = read_table(described(tmp_path, arrays, {"name": "epoch", "values": [1, 2, 3]}))
    np.testing.assert_allclose(found.seconds, [[[2.0, 3.0, 2.5]]])  # what is not known is the mean
    assert found.resource == rung.Steps("epoch")
    assert found.objective.maximize


def test_seconds_of_a_fidelity_that_restarts_are_those_of_each_run(tmp_path: Path) -> None:
    arrays = {
        "configs": np.array([[0.5]]),
        "metric": np.array([[0.1, 0.2]]),
        "elapsed": np.array([[2.0, 5.0]]),
    }
    fidelity = {"name": "percent", "values": [0.5, 1.0], "resumable": False}
    found = read_table(described(tmp_path, arrays, fidelity))
    np.testing.assert_allclose(found.seconds, [[[2.0, 5.0]]])
    assert found.resource == rung.Fraction("percent")


def test_the_level_before_training_is_left_out_and_a_unit_without_times_takes_a_second(
    tmp_path: Path,
) -> None:
    arrays = {"configs": np.array([[0.5]]), "metric": np.array([[9.0, 0.2, np.inf]])}
    found = read_table(described(tmp_path, arrays, {"name": "step", "values": [0, 1, 2]}))
    np.testing.assert_array_equal(found.values, [[[0.2, NAN]]])
    np.testing.assert_array_equal(found.seconds, [[[1.0, 1.0]]])


def test_single_runs_are_used_where_they_are_known(tmp_path: Path) -> None:
    runs = np.array([[[0.1, 0.2]], [[0.3, 0.4]]])
    arrays = {"configs": np.array([[0.5]]), "metric": runs.mean(axis=0), "metric_seeds": runs}
    found = read_table(described(tmp_path, arrays, {"name": "step", "values": [1, 2]}))
    np.testing.assert_array_equal(found.values, runs)
    np.testing.assert_allclose(found.finals, [0.3])


def test_several_metrics_are_read_with_their_directions_and_limits(tmp_path: Path) -> None:
    limits = (rung.Constraint("size", upper=50),)
    made = replace(two_metrics(seeds=3), constraints=limits)
    found = read_table(write_table(made, tmp_path / "two")[0])
    assert (found.goals, list(found.metrics)) == (made.goals, ["loss", "size"])
    for name, values in made.metrics.items():
        np.testing.assert_allclose(found.metrics[name], values, rtol=1e-6)


def test_a_table_over_replicates_is_read_as_one(tmp_path: Path) -> None:
    made = two_metrics(seeds=3).over_replicates()
    assert read_table(write_table(made, tmp_path / "seeds")[0]).resource == rung.Replicates("seed")


def test_arrays_that_nobody_described_are_metrics_without_a_direction(tmp_path: Path) -> None:
    arrays = {
        "configs": np.array([[0.5], [0.7]]),
        "metric": np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]),
        "test_metric": np.array([[9.0, 1.0, np.inf], [9.0, 3.0, 4.0]]),
        "latency": np.array([5.0, 7.0]),
        "curve_len": np.array([3, 3]),
        "notes": np.array(["a", "b"]),
    }
    found = read_table(described(tmp_path, arrays, {"name": "step", "values": [0, 1, 2]}))
    assert list(found.metrics) == ["accuracy", "test_metric", "latency"]
    np.testing.assert_array_equal(found.others["test_metric"], [[[1.0, NAN], [3.0, 4.0]]])
    np.testing.assert_array_equal(found.others["latency"], [[[5.0, 5.0], [7.0, 7.0]]])
    assert [goal.metric for goal in found.goals.objectives] == ["accuracy"]


def test_what_is_no_table_is_said_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"pair of files .*none.json"):
        read_table(tmp_path / "none")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(SpecError, match=r"bad.json describes no table"):
        read_table(tmp_path / "bad.npz")
    arrays = {"configs": np.array([[0.5]]), "metric": np.array([[0.1, 0.2]])}
    with pytest.raises(SpecError, match="3 levels"):
        read_table(described(tmp_path, arrays, {"name": "step", "values": [1, 2, 3]}))


def test_the_table_of_the_examples_is_small_and_can_be_used() -> None:
    stem = Path(__file__).parents[2] / "examples" / "digits-curves"
    assert sum(stem.with_name(stem.name + end).stat().st_size for end in (".npz", ".json")) < 200_000
    found = read_table(stem)
    assert (len(found.configs), found.max_resource, found.resource) == (120, 27, rung.Steps("epoch"))
    assert 0.9 < found.typical < found.best <= 1.0
    assert all(found.space.contains(config) for config in found.configs)
