"""The first study file of a script: ranges that make sense, and a file that runs as it is."""

import sys
from pathlib import Path

import pytest

import rung
from programs.samples import ARGPARSE
from rung.core.errors import SpecError
from rung.core.parameter import Choice, Float, Int, Parameter
from rung.programs.initial import guess_objective, study_file
from rung.programs.options import Option, read_options
from rung.programs.proposals import propose
from rung.programs.studyfile import read

REALISTIC = """\
import argparse

def build():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    group = parser.add_argument_group("optimization")
    group.add_argument("-l", "--learning-rate", type=float, default=3e-4, metavar="LR", help="peak rate, 100%% of it")
    group.add_argument("--weight-decay", type=float, default=0.0)
    group.add_argument("--dropout", default=0.1, type=float)
    group.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    group.add_argument("--batch-size", type=int, default=64)
    group.add_argument("--num-layers", type=int, default=3)
    group.add_argument("--hidden", type=int, default=100)
    group.add_argument("--label-smoothing", type=lambda text: float(text), default=0.05)
    parser.add_argument("--optimizer", choices=("adamw", "sgd", "lion"), default="adamw")
    parser.add_argument("--depth", type=int, choices=[18, 34, 50])
    parser.add_argument("--nesterov", action="store_true")
    parser.add_argument("--no-bias", dest="bias", action="store_false")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--num-epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--num-workers", type=int, default=4)
    parser.add_argument("--log-every", type=int, default=50)
    parser.add_argument("--output-dir", default="out")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--data", required=True)
    return parser

if __name__ == "__main__":
    args = build().parse_args()
    raise SystemExit("training must not begin")
"""

PROPOSED: dict[str, Parameter | None] = {
    "learning_rate": Float(3e-6, 0.03, log=True, default=3e-4),
    "weight_decay": Float(1e-6, 1e-2, log=True),
    "dropout": Float(0.0, 0.5, default=0.1),
    "betas": None,
    "batch_size": Choice((16, 32, 64, 128, 256), ordered=True, default=64),
    "num_layers": Int(1, 6, default=3),
    "hidden": Int(25, 400, log=True, default=100),
    "label_smoothing": Float(0.0005, 1.0, log=True, default=0.05),
    "optimizer": Choice(("adamw", "sgd", "lion"), default="adamw"),
    "depth": Choice((18, 34, 50), ordered=True),
    "nesterov": Choice((False, True), default=False),
    "bias": Choice((False, True), default=False),
    "compile": None,
    "num_epochs": None,
    "seed": None,
    "num_workers": None,
    "log_every": None,
    "output_dir": None,
    "debug": None,
    "verbose": None,
    "data": None,
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("train.py")


def test_the_options_of_a_realistic_script_get_the_ranges_that_a_person_would_begin_with(
    script: Path,
) -> None:
    script.write_text(REALISTIC)
    options = read_options(script, sys.executable)
    assert {option.name: propose(option) for option in options} == PROPOSED


def test_the_file_says_what_is_missing_and_what_was_left_out(script: Path) -> None:
    script.write_text(REALISTIC)
    text = study_file(script, sys.executable, read_options(script, sys.executable), None)
    Path("study.toml").write_text(text)
    assert "# The script needs --data: put it in the place of {data}." in text
    assert '#   --output-dir = "out"' in text
    assert "peak rate, 100% of it" in text
    with pytest.raises(SpecError, match=r"study.toml:3: the placeholder \{data\} has no range"):
        read(Path("study.toml"))
    Path("study.toml").write_text(text.replace("{data}", "x.csv"))
    found = read(Path("study.toml"))
    assert set(found.ranges()) == {name.replace("_", "-") for name, each in PROPOSED.items() if each} - {
        "bias"
    } | {"no-bias"}
    assert found.scheduler == rung.StoppingASHA(max_resource=20)


def test_the_file_runs_as_it_is(script: Path) -> None:
    script.write_text(ARGPARSE)
    options = read_options(script, sys.executable)
    Path("study.toml").write_text(study_file(script, sys.executable, options, guess_objective(ARGPARSE)))
    found = read(Path("study.toml"))
    assert found.minimize == "loss"
    with found.study() as study:
        study.run(found.train(), executor=rung.InProcess(), budget=rung.Budget(trials=4))
        assert study.trials[0].config == {"x": 1.0, "kind": "a", "fast": False}  # the script's own defaults
        assert study.trials[0].value == 45


@pytest.mark.parametrize(
    ("source", "objective"),
    [
        ('print(f"epoch {e}: accuracy={a:.3f} loss={l}")', ("maximize", "accuracy")),
        ('print(json.dumps({"val_loss": x}))', ("minimize", "val_loss")),
        ('print("rmse: %f" % x)', ("minimize", "rmse")),
        ("loss = criterion(x)", None),
    ],
)
def test_the_objective_is_seen_in_what_a_script_prints(source: str, objective: object) -> None:
    assert guess_objective(source) == objective


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print(3)", "does not read its arguments with argparse"),
        ("import nowhere", "--help fails, so its options cannot be read: ModuleNotFoundError"),
        ("def f(:", "--help fails, so its options cannot be read: SyntaxError"),
    ],
)
def test_a_script_without_options_to_read_is_told(script: Path, source: str, words: str) -> None:
    script.write_text(source)
    with pytest.raises(SpecError, match=words):
        read_options(script, sys.executable)


def test_a_missing_script_is_told(script: Path) -> None:
    with pytest.raises(SpecError, match=r"train.py does not exist"):
        read_options(script, sys.executable)


def test_an_option_without_a_default_gets_no_range() -> None:
    assert propose(Option("--x", "x", "value", "float", None, None, False, "")) is None
