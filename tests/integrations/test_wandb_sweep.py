"""W&B sweeps are read as studies of commands."""

import logging
import math
import sys
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.integrations.wandb_parameters import wandb_parameters
from rung.integrations.wandb_sweep import read_sweep, sweep_of

SWEEP = """\
program: train.py
name: cifar / small
method: random
metric: {name: val_loss, goal: minimize}
early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3}
run_cap: 6
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}
  layers: {min: 1, max: 4}
  nesterov: {values: [true, false]}
  epochs: {value: 27}
  optimizer:
    parameters:
      name: {values: [adam, sgd]}
"""


def sweep(**changes: Any) -> dict[str, Any]:
    plain = {
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"min": 0.1, "max": 1.0}},
        "program": "train.py",
    }
    return plain | changes


def test_a_sweep_file_is_a_study_of_its_command(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    found = read_sweep(file).definition()
    assert found.name == "cifar - small"
    assert (found.minimize, found.maximize) == ("val_loss", None)
    assert found.budget == rung.Budget(trials=6)
    assert found.scheduler == rung.StoppingASHA(max_resource=27, levels=(3, 9, 27))
    assert rung.Space(found.space) == rung.Space(
        {
            "lr": rung.Float(1e-5, 1e-1, log=True),
            "layers": rung.Int(1, 4),
            "nesterov": rung.Choice(["True", "False"]),
            "epochs": 27,
            "optimizer.name": rung.Choice(["adam", "sgd"]),
        }
    )
    config = {"lr": 0.001, "layers": 2, "nesterov": "True", "epochs": 27, "optimizer.name": "sgd"}
    assert found.command.fill(config) == [
        "/usr/bin/env",
        "python",
        "train.py",
        "--lr=0.001",
        "--layers=2",
        "--nesterov=True",
        "--epochs=27",
        "--optimizer.name=sgd",
    ]


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("${args}", ["--lr=0.5", "--fast=True"]),
        ("${args_no_hyphens}", ["lr=0.5", "fast=True"]),
        ("${args_no_equals}", ["--lr", "0.5", "--fast", "True"]),
        ("${args_override_hydra}", ["++lr=0.5", "++fast=True"]),
        ("${args_no_boolean_flags}", ["--lr=0.5", "--fast"]),
    ],
)
def test_each_macro_writes_arguments_as_wandb_does(
    macro: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", "/data")
    parameters = {"lr": {"min": 0.1, "max": 1.0}, "fast": {"values": [True, False]}}
    command = ["${interpreter}", "${program}", "--data=${envvar:DATA}", macro]
    found = sweep_of(sweep(parameters=parameters, command=command))
    assert found.command is not None
    fast = found.space.parameters["fast"].options[0]  # type: ignore[union-attr]
    assert found.command.fill({"lr": 0.5, "fast": fast}) == ["python", "train.py", "--data=/data", *words]


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"value": [1, 2]}, rung.Choice(["[1, 2]"]).options[0]),
        ({"values": [1, "a", None]}, rung.Choice([1, "a", None])),
        ({"min": 1, "max": 5}, rung.Int(1, 5)),
        ({"min": 1, "max": 5.0}, rung.Float(1.0, 5.0)),
        ({"min": 3, "max": 3}, 3),
        ({"distribution": "uniform", "min": "1e-3", "max": 1}, rung.Float(1e-3, 1.0)),
        ({"distribution": "q_uniform", "min": 0.1, "max": 0.5, "q": 0.1}, rung.Float(0.1, 0.5, step=0.1)),
        ({"distribution": "q_uniform", "min": 10, "max": 50, "q": 8}, rung.Int(16, 48, step=8)),
        ({"distribution": "log_uniform", "min": -2, "max": 0}, rung.Float(math.exp(-2), 1.0, log=True)),
        ({"distribution": "inv_log_uniform_values", "min": 2, "max": 8}, rung.Float(0.125, 0.5, log=True)),
        ({"distribution": "q_log_uniform_values", "min": 1, "max": 64, "q": 1}, rung.Int(1, 64, log=True)),
        ({"distribution": "normal", "mu": 1, "sigma": 0.5}, rung.Float(-0.5, 2.5)),
        (
            {"distribution": "log_normal", "mu": 0, "sigma": 1},
            rung.Float(math.exp(-3), math.exp(3), log=True),
        ),
        ({"distribution": "q_beta", "a": 2, "b": 2, "q": 0.25}, rung.Float(0.0, 1.0, step=0.25)),
    ],
)
def test_each_distribution_has_its_parameter(fields: dict[str, Any], parameter: Any) -> None:
    assert rung.Space(wandb_parameters({"x": fields})) == rung.Space(x=parameter)


def test_batch_sizes_over_the_logarithm_stay_multiples() -> None:
    fields = {"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8}
    options = wandb_parameters({"batch_size": fields})["batch_size"].options  # type: ignore[union-attr]
    assert options[0] == 32 and options[-1] == 256
    assert all(isinstance(option, int) and option % 8 == 0 for option in options)
    assert sum(option <= 90 for option in options) >= 7  # the geometric middle is 90.5


def test_what_is_dropped_is_said(caplog: pytest.LogCaptureFixture) -> None:
    sweep_of(
        sweep(
            method="bayes",
            parameters={
                "x": {"distribution": "normal", "mu": 0, "sigma": 1},
                "y": {"values": [1, 2], "probabilities": [0.9, 0.1]},
            },
        )
    )
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "x: the normal distribution becomes an even one from -3 to 3" in caplog.text
    assert "y: rung takes all options for equally likely" in caplog.text
    assert "bayes becomes random search" in caplog.text


def test_a_sweep_for_a_function_has_a_space_and_keeps_its_values() -> None:
    config = sweep(parameters={"fast": {"values": [True, False]}}, method="grid")
    del config["program"]
    found = sweep_of(config)
    assert found.space == rung.Space(fast=rung.Choice([True, False]))
    assert found.searcher == rung.GridSearch()
    with pytest.raises(rung.SpecError, match=r"has no program\. Add program: train\.py"):
        found.definition()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parameter": {}}, "there is no key 'parameter' in a sweep. Did you mean 'parameters'?"),
        ({"method": "random_search"}, "method is grid, random or bayes, got 'random_search'."),
        ({"metric": None}, "needs a metric, also with random or grid search"),
        ({"metric": {"name": "loss", "goal": "min"}}, "metric.goal is minimize or maximize, got 'min'."),
        ({"parameters": {"lr": {"min": 0.1}}}, "lr: needs value, values, min and max, or a distribution"),
        ({"parameters": {"lr": {"mn": 0.1, "max": 1}}}, "lr: there is no key 'mn'. Did you mean 'min'?"),
        ({"parameters": {"lr": {"distribution": "log_unifrm"}}}, "Did you mean 'log_uniform'?"),
        (
            {"parameters": {"lr": {"distribution": "log_uniform", "min": 1, "max": 1000}}},
            "Did you mean log_uniform_values?",
        ),
        ({"parameters": {"lr": {"min": 1.0, "max": 0.1}}}, "lr: low must be below high in a Float"),
        ({"parameters": {"lr": {"min": "small", "max": 1.0}}}, "lr: min must be a number, got 'small'."),
        (
            {"early_terminate": {"type": "hyperband", "min_iter": 3}},
            "Add max_iter, for example max_iter: 27.",
        ),
        (
            {"early_terminate": {"type": "hyperband", "max_iter": "27"}},
            "max_iter must be a whole number of at least 1, got '27'.",
        ),
        ({"early_terminate": {"type": "envelope"}}, "must have type: hyperband"),
        ({"run_cap": 0}, "run_cap must be a whole number of at least 1, got 0."),
        ({"command": ["${program}", "${args_json}"]}, "command holds ${args_json}, which rung does not know"),
        ({"command": "python train.py"}, "command must be a list of arguments"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(rung.SpecError) as told:
        sweep_of(sweep(**changes))
    assert sentence in str(told.value)


def test_broken_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("method: random\nmetric: {name: loss\nparameters:\n")
    with pytest.raises(rung.SpecError, match=r"sweep\.yaml:\d: no YAML: "):
        read_sweep(file)


def test_a_sweep_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(
        "import sys\n"
        "given = dict(word.removeprefix('--').split('=') for word in sys.argv[1:])\n"
        "assert given['nesterov'] in ('True', 'False')\n"
        "for epoch in range(int(given['epochs'])):\n"
        "    print('val_loss:', float(given['lr']) + 1 / (epoch + 1), flush=True)\n"
    )
    Path("sweep.yaml").write_text(SWEEP + f"command: [{sys.executable}, '${{program}}', '${{args}}']\n")
    program = read_sweep("sweep.yaml").definition()
    with program.study() as study:
        study.run(program.train(), workers=2, budget=program.budget)
        assert len(study.trials) == 6
        assert study.best.resource == 27
        assert study.best_value == pytest.approx(study.best_config["lr"] + 1 / 27)
