"""Study files: what they say is what runs, and whatever is wrong is said with its line."""

import re
from pathlib import Path

import pytest

import rung
from rung.core.errors import SpecError
from rung.programs.definition import name_of
from rung.programs.inline import constraint
from rung.programs.studyfile import read
from rung.programs.template import parse

WHOLE = """\
name = "whole"
command = "sh train.sh --lr {lr} --layers {layers} --opt {opt} --momentum {momentum} --warm {warm:1..5} {--fast}"
maximize = ["accuracy"]
minimize = "size"
diverges_at = {size = 1e9}
seed = 7
retries = 1
store = "STORE"
track = ["tensorboard=runs"]

[space]
constant = 3

[space.lr]
type = "float"
low = 1e-5
high = 0.1
log = true
default = 1e-3

[space.layers]
type = "int"
low = 1
high = 4

[space.opt]
type = "choice"
options = {adam = {}, sgd = {momentum = {type = "float", low = 0.0, high = 0.99}}}

[resource]
type = "steps"
unit = "epoch"

[scheduler]
type = "fifo"
max_resource = 9

[searcher]
type = "random"

[budget]
trials = 12
seconds = 60

[executor]
workers = 3
gpus = ["0"]

[checkpoints]
every_s = 5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "study.toml"


def test_a_whole_file_means_what_it_says(file: Path) -> None:
    file.write_text(WHOLE.replace("STORE", str(file.with_name("x.db"))))
    found = read(file)
    with found.study() as study:
        spec = study.spec
    assert (spec.name, spec.seed, spec.retries) == ("whole", 7, 1)
    assert spec.resource == rung.Steps("epoch")
    assert spec.scheduler_spec() == rung.FIFO(max_resource=9)
    assert [(goal.metric, goal.maximize, goal.diverges_at) for goal in spec.objectives] == [
        ("size", False, 1e9),
        ("accuracy", True, None),
    ]
    assert rung.Space(spec.space) == rung.Space(
        constant=3,
        lr=rung.Float(1e-5, 0.1, log=True, default=1e-3),
        layers=rung.Int(1, 4),
        opt=rung.Choice({"adam": {}, "sgd": {"momentum": rung.Float(0.0, 0.99)}}),
        warm=rung.Int(1, 5),
        fast=rung.Choice((False, True), default=False),
    )
    assert found.budget == rung.Budget(trials=12, seconds=60)
    assert found.executor == rung.Local(workers=3, gpus=("0",))
    assert found.checkpoints == rung.Checkpoints(every_s=5)
    assert found.track == ["tensorboard=runs"]


SMALL = 'command = "sh {x:1..9}"\nminimize = "loss"\n'


def test_a_small_file_is_enough(file: Path) -> None:
    file.write_text(SMALL)
    found = read(file)
    assert (found.name, found.unit(), found.scheduler) == ("study", rung.Fraction("run"), rung.FIFO())


@pytest.mark.parametrize(
    ("command", "resource"),
    [
        ("sh {x:1..9}", rung.Steps()),
        ("sh {x:1..9} --epochs {target}", rung.Fraction("step")),
        ("sh {x:1..9} --epochs {target} --resume {checkpoint}", rung.Steps()),
    ],
)
def test_the_resource_follows_from_what_the_program_is_told(
    file: Path, command: str, resource: object
) -> None:
    file.write_text(
        f'command = "{command}"\nminimize = "loss"\nscheduler = {{type = "asha", max_resource = 9}}'
    )
    assert read(file).unit() == resource


WRONG = {
    "unknown key": (
        SMALL + "\n# a comment\nserver = 3\n",
        "study.toml:5: there is no key 'server'. Did you mean 'searcher'?",
    ),
    "unknown key, nothing near": (
        SMALL + "zzz = 3\n",
        "study.toml:3: there is no key 'zzz'. Known are name, command,",
    ),
    "unknown key in a table": (
        SMALL + "[budget]\nseconds = 3\n\ntrails = 12\n",
        "study.toml:6: there is no key 'trails' in [budget]. Did you mean 'trials'?",
    ),
    "unknown option of a scheduler": (
        SMALL + '[scheduler]\ntype = "asha"\nmax_resource = 9\nreduction = 3',
        "study.toml:6: there is no key 'reduction' in [scheduler]. Known are max_resource,",
    ),
    "unknown type": (
        SMALL + '[scheduler]\ntype = "ahsa"',
        "study.toml:4: no scheduler is called 'ahsa'. Did you mean 'asha'?",
    ),
    "no type": (
        SMALL + "[scheduler]\nmax_resource = 9",
        "study.toml:3: [scheduler] needs a type, one of 'fifo', 'asha',",
    ),
    "no table": (
        SMALL + 'scheduler = "asha"',
        "study.toml:3: scheduler is a table: write [scheduler] and below it",
    ),
    "missing option": (
        SMALL + '[scheduler]\ntype = "asha"',
        "study.toml:3: [scheduler] needs max_resource: write max_resource = and its value.",
    ),
    "wrong type of a value": (
        SMALL + '[budget]\ntrials = "many"',
        "study.toml:4: budget.trials must be a whole number, such as 4; got 'many'.",
    ),
    "wrong value": (
        SMALL + "[budget]\ntrials = -3",
        "study.toml:3: a budget's trials is a whole number of at least 0, got -3.",
    ),
    "wrong value of a scheduler": (
        SMALL + '[scheduler]\ntype = "asha"\nmax_resource = 9\neta = 1',
        "study.toml:3: eta must be an integer of at least 2, got 1.",
    ),
    "unknown key of a hyperparameter": (
        SMALL + '[space.lr]\ntype = "float"\nlow = 1\nhgih = 3',
        "study.toml:6: there is no key 'hgih' in [space.lr]. Did you mean 'high'?",
    ),
    "unknown type of a hyperparameter": (
        SMALL + '[space.lr]\ntype = "flaot"',
        "study.toml:4: no hyperparameter has the type 'flaot'. Did you mean 'float'?",
    ),
    "wrong range": (
        SMALL + '[space.lr]\ntype = "float"\nlow = 3\nhigh = 1',
        "study.toml:3: lr: low must be below high",
    ),
    "wrong in a branch": (
        SMALL + '[space.opt]\ntype = "choice"\n[space.opt.options.sgd.m]\ntype = "float"\nlow = 3\nhihg = 1',
        "study.toml:8: there is no key 'hihg' in [space.opt.options.sgd.m]. Did you mean 'high'?",
    ),
    "placeholder without a range": (
        'minimize = "loss"\n\ncommand = "sh {lr}"\n[space.lrr]\ntype = "int"\nlow = 1\nhigh = 2',
        "study.toml:3: the placeholder {lr} has no range. Did you mean {lrr}?",
    ),
    "two ranges": (
        SMALL + '[space.x]\ntype = "int"\nlow = 1\nhigh = 2',
        "study.toml:1: x has a range in the command and one",
    ),
    "no such program": (
        'command = "./nothing {x:1..9}"\nminimize = "loss"',
        "study.toml:1: there is no program './nothing'",
    ),
    "no command": ('minimize = "loss"', "study.toml:1: a study file needs a command"),
    "no objective": ('command = "sh {x:1..9}"', "study.toml:1: a study file needs an objective"),
    "nothing varies": ('command = "sh x"\nminimize = "loss"', "study.toml:1: nothing varies in 'sh x'."),
    "no TOML": (SMALL + 'name = "x', "study.toml:3: this is no TOML: "),
    "no TOML at the end": (SMALL + "x = [1,", "study.toml:3: this is no TOML: "),
    "wrong command": ("command = 3", "study.toml:1: command must be text or a list, got a whole number."),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    file.write_text(text)
    monkeypatch.chdir(file.parent)
    with pytest.raises(SpecError) as caught:
        read(Path("study.toml"))
    assert words in str(caught.value)


def test_a_file_that_is_no_text_is_told(file: Path) -> None:
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(SpecError, match="is no text in UTF-8"):
        read(file)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python3 path/to/train.py --lr {lr:1..2}", "train"),
        ("./build/train {lr:1..2}", "train"),
        ("python -m package.module {lr:1..2}", "package.module"),
        ("env A=1 python3.11 -u x.py {lr:1..2}", "x"),
        ("sh -c 'echo {lr:1..2}'", "sh"),
    ],
)
def test_a_command_names_its_study(command: str, name: str) -> None:
    assert name_of(parse(command)) == name


def test_all_options_of_local_workers_stand_in_a_study_file(file: Path) -> None:
    file.write_text(
        SMALL
        + '[executor]\ngpus = ["0", "GPU-8932f937"]\ngpus_per_worker = 0.3\nthreads = 2\nmemory_gb = 8\n'
        "retry_room = 3\nisolate = true\ntrial_timeout_s = 60\n"
    )
    executor = read(file).executor
    assert executor == rung.Local(
        gpus=("0", "GPU-8932f937"),
        gpus_per_worker=0.3,
        threads=2,
        memory_gb=8,
        retry_room=3,
        isolate=True,
        trial_timeout_s=60,
    )
    assert isinstance(executor, rung.Local)
    assert executor.n_workers == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("gpus_per_worker = 1.5", "gpus_per_worker is a share of one GPU such as 0.5"),
        ('gpus = ["0"]\ngpus_per_worker = 0.5\nworkers = 3', "do not fit: 1 GPU (0) holds 2. Say workers=2"),
        ("memory_gb = 0", "memory_gb is a positive number of gigabytes for each worker, got 0."),
        ("gpu_per_worker = 1", "Did you mean 'gpus_per_worker'?"),
    ],
)
def test_options_of_local_workers_that_make_no_sense_are_told_with_their_line(
    file: Path, options: str, words: str
) -> None:
    file.write_text(f"{SMALL}[executor]\n{options}\n")
    with pytest.raises(SpecError, match=re.escape(words)) as error:
        read(file)
    assert "study.toml:" in str(error.value)


def test_constraints_are_tables(file: Path) -> None:
    file.write_text(
        'command = "sh {x:1..9}"\nminimize = "loss"\n[[constraints]]\nmetric = "latency"\nupper = 0.1\n'
        '[[constraints]]\nmetric = "recall"\nlower = 0.9\n'
    )
    found = read(file)
    assert found.constraints == (rung.Constraint("latency", upper=0.1), rung.Constraint("recall", lower=0.9))
    assert found.train().metrics == ("loss", "latency", "recall")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('constraints = ["latency<=1"]', "study.toml:3: constraints are tables"),
        ('[[constraints]]\nmetric = "latency"', "study.toml:3: the constraint on 'latency' has no limit"),
        (
            '[[constraints]]\nmetric = "latency"\nuper = 1',
            "no key 'uper' in [constraints]. Did you mean 'upper'?",
        ),
        (
            '[[constraints]]\nmetric = "a"\nupper = 1\n[[constraints]]\nmetric = "a"\nlower = 1',
            "two constraints",
        ),
    ],
)
def test_a_constraint_that_makes_no_sense_is_told_with_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    file.write_text(f'command = "sh {{x:1..9}}"\nminimize = "loss"\n{text}\n')
    monkeypatch.chdir(file.parent)
    with pytest.raises(SpecError) as caught:
        read(Path("study.toml"))
    assert words in str(caught.value)


def test_a_ranking_is_a_table_below_the_scheduler(file: Path) -> None:
    file.write_text(
        'command = "sh {x:1..9}"\nminimize = ["loss", "size"]\n[scheduler]\ntype = "asha"\nmax_resource = 9\n'
        '[scheduler.ranking]\ntype = "lexicographic"\norder = ["size", "loss"]\n'
    )
    assert read(file).scheduler == rung.ASHA(max_resource=9, ranking=rung.Lexicographic(("size", "loss")))


def test_limits_of_a_command_line_are_read() -> None:
    assert constraint("latency <= 0.1") == rung.Constraint("latency", upper=0.1)
    assert constraint("val/acc>=-2e-1") == rung.Constraint("val/acc", lower=-0.2)
    for wrong in ("latency", "latency<0.1", "latency<=fast", "<=1"):
        with pytest.raises(SpecError, match="a constraint is written"):
            constraint(wrong)
