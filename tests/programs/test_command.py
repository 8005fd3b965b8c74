"""Programs tuned for real: paused, promoted, saved, killed, failing, and at odds with the protocol."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

import rung
from programs.samples import ARGPARSE, SHELL, C, ended, executable
from rung.core import event as ev
from rung.programs.studyfile import read

ASHA = """
minimize = "loss"
store = "{store}"
{more}
[scheduler]
type = "asha"
max_resource = 9
[resource]
type = "steps"
unit = "epoch"
"""


def tune(
    folder: Path, head: str, *, trials: int = 12, executor: object = None, name: str = "study"
) -> rung.Study:
    """Run a study file; the study, to be closed."""
    file = folder / f"{name}.toml"
    file.write_text(head if "minimize" in head else ASHA.format(store=folder / "rung.db", more=head))
    found = read(file)
    study = found.study()
    study.run(found.train(), executor=executor or rung.Local(workers=2), budget=rung.Budget(trials=trials))
    return study


def events(study: rung.Study, kind: type) -> list:
    return [entry.event for entry in study.events() if isinstance(entry.event, kind)]


def check_losses(study: rung.Study) -> None:
    """Each trial's loss is x * (1 + 2 + … + step), however often it was interrupted."""
    reports = events(study, ev.Reported)
    assert reports
    for report in reports:
        x, r = study.trials[report.trial].config["x"], report.resource
        assert report.metrics["loss"] == pytest.approx(x * r * (r + 1) / 2)


def check_left_nothing(study: rung.Study) -> None:
    scratch = study.folder / "scratch"
    assert not list(scratch.rglob("*")) if scratch.exists() else True


def test_a_shell_script_is_paused_and_goes_on_from_its_checkpoints(tmp_path: Path) -> None:
    script = executable(tmp_path / "train.sh", SHELL)
    with tune(tmp_path, f'command = "{script} {{x:1..1000}}"', trials=14) as study:
        check_losses(study)
        check_left_nothing(study)
        started = events(study, ev.Started)
        assert any(each.restore for each in started), "no trial went on from a checkpoint"
        assert study.best.resource == 9
        account = study.state.account
        assert account.trained == account.resource  # nothing was trained twice
        assert "training step 1" in (study.folder / "output" / "0.txt").read_text()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (cc, gcc)")
    folder = tmp_path_factory.mktemp("c")
    (folder / "train.c").write_text(C)
    subprocess.run([compiler, "-o", folder / "train", folder / "train.c"], check=True)
    return folder / "train"


def test_a_c_program_is_paused_and_goes_on_from_its_checkpoints(tmp_path: Path, compiled: Path) -> None:
    with tune(tmp_path, f'command = "{compiled} {{x:0.001..1.0 log}}"', trials=14) as study:
        check_losses(study)
        check_left_nothing(study)
        assert any(each.restore for each in events(study, ev.Started))
        assert study.best.resource == 9
        assert study.state.account.trained == study.state.account.resource


def test_an_unmodified_script_that_ignores_the_target_stands_still_until_it_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(ARGPARSE)
    with tune(tmp_path, f'command = "python3 {script} --x {{x:0.1..1.0}}"') as study:
        check_losses(study)
        check_left_nothing(study)
        assert study.best.resource == 9
        assert all(trial.status in ("paused", "complete") for trial in study.trials)


def test_a_script_that_is_told_its_target_and_cannot_go_on_begins_again(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(ARGPARSE)
    with tune(
        tmp_path,
        f'command = "python3 {script} --x {{x:0.1..1.0}} --epochs {{target}}"',
        trials=6,
        executor=rung.InProcess(),
    ) as study:
        check_losses(study)
        assert study.best.resource >= 3


def test_the_last_report_of_a_whole_run_counts(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(ARGPARSE)
    text = f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\n'
    text += f'command = "python3 {script} --x {{x:0.1..1.0}} {{--fast}}"'
    with tune(tmp_path, text, trials=3, executor=rung.InProcess()) as study:
        assert [trial.resource for trial in study.trials] == [1, 1, 1]
        for trial in study.trials:
            assert trial.value == pytest.approx(trial.config["x"] * 45)


def test_each_replicate_may_be_a_run_of_its_own(tmp_path: Path) -> None:
    text = """
minimize = "loss"
store = "{store}"
command = ["sh", "-c", "echo {{start}} >> {folder}/starts; echo loss={{x}}"]
space.x = {{type = "int", low = 1, high = 1}}
"""
    text = text.replace("low = 1, high = 1", "low = 1, high = 2").format(
        store=tmp_path / "rung.db", folder=tmp_path
    )
    text += '[scheduler]\ntype = "fifo"\nmax_resource = 3\n[resource]\ntype = "replicates"\n'
    with tune(tmp_path, text, trials=1, executor=rung.InProcess()) as study:
        assert study.best.resource == 3
    assert (tmp_path / "starts").read_text().split() == ["0", "1", "2"]


def test_a_program_is_told_about_its_trial(tmp_path: Path) -> None:
    script = executable(
        tmp_path / "tell.sh",
        '#!/bin/sh\nenv | grep ^RUNG_ | sort\ncat "$RUNG_CONFIG"\necho "args $@"\necho loss=1\n',
    )
    text = f'command = "{script} {{trial}} {{seed}} {{start}} {{target}} {{x:1..9}} {{save}} --from {{checkpoint}}"'
    with tune(tmp_path, f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\n{text}', trials=1) as study:
        told = (study.folder / "output" / "0.txt").read_text()
        x, seed = study.trials[0].config["x"], events(study, ev.Created)[0].seed
    assert f'{{"x": {x}}}' in told
    assert f"args 0 {seed} 0 1 {x} /" in told
    names = {line.partition("=")[0] for line in told.splitlines() if line.startswith("RUNG_")}
    assert names == {
        f"RUNG_{name}" for name in ("TRIAL", "SEED", "START", "TARGET", "SAVE", "CONFIG", "REPORTS")
    }
    assert "--from" not in told  # there is no checkpoint yet


def test_what_a_run_has_saved_the_next_one_goes_on_from(tmp_path: Path) -> None:
    script = executable(tmp_path / "train.sh", SHELL)
    head = f'command = "{script} {{x:1..1000}}"'
    with tune(tmp_path, head, trials=5, executor=rung.InProcess()) as study:
        trained = study.state.account.trained
    with tune(tmp_path, head, trials=14, executor=rung.InProcess()) as study:
        check_losses(study)
        assert study.state.account.trained == study.state.account.resource > trained


# Whose fault it is

HANGS_ONCE = """\
#!/bin/sh
echo loss=1
if mkdir "{folder}/first" 2> /dev/null; then
    sleep 1000 &
    echo "$$ $! $PPID" > "{folder}/pids"
    wait
fi
echo loss=1
"""


def test_kill_9_of_a_worker_ends_its_program_and_its_job_is_granted_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")
    script = executable(tmp_path / "hangs.sh", HANGS_ONCE.format(folder=tmp_path))
    program: list[int] = []

    def kill() -> None:
        *pids, worker = map(int, (tmp_path / "pids").read_text().split())
        program.extend(pids)
        os.kill(worker, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    text = f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\ncommand = "{script} {{x:1..9}}"'
    with tune(tmp_path, text, trials=1, executor=rung.Local(workers=1)) as study:
        killer.join()
        assert len(program) == 2
        assert all(ended(pid) for pid in program)
        assert [each.outcome for each in events(study, ev.Ended)] == ["lost", "reached"]
        check_left_nothing(study)


def test_a_program_that_was_killed_is_the_machines_fault_and_starts_again(tmp_path: Path) -> None:
    script = (
        f"cd {tmp_path}; mkdir a 2> /dev/null && kill -9 $$; mkdir b 2> /dev/null && exit 137; echo loss=1"
    )
    text = f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\ncommand = ["sh", "-c", "{script}"]\n'
    with tune(
        tmp_path, text + "space.x = {type='int', low=1, high=9}", trials=1, executor=rung.InProcess()
    ) as study:
        first, second, third = events(study, ev.Ended)
        assert third.outcome == "reached"
        for lost in (first, second):
            assert (lost.outcome, lost.failure.fault, lost.failure.type) == ("lost", "machine", "killed")
            assert lost.failure.message == "sh was killed by SIGKILL"


def test_an_exit_code_is_the_configurations_fault(tmp_path: Path) -> None:
    script = "[ {x} -gt 3 ] || { echo training; echo too small >&2; exit 3; }; echo loss={x}"
    script = script.replace("{ echo", "{{ echo").replace("3; }", "3; }}")
    text = f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\ncommand = ["sh", "-c", "{script}"]\n'
    space = "space.x = {type = 'choice', options = [4, 3], default = 4}\nsearcher = {type = 'grid'}\n"
    with tune(tmp_path, text + space, trials=2, executor=rung.InProcess()) as study:
        assert [trial.status for trial in study.trials] == ["complete", "failed"]
        failure = study.trials[1].failure
        assert (failure.fault, failure.type, failure.message) == ("configuration", "exit code 3", "too small")


def test_the_same_exit_code_from_the_first_trial_on_stops_the_study_and_shows_what_was_printed(
    tmp_path: Path,
) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint('loss', file=sys.stderr)\nundefined\n")
    text = f'minimize = "loss"\nstore = "{tmp_path}/rung.db"\ncommand = "python3 {script} {{x:1..9}}"'
    with pytest.raises(rung.ObjectiveError) as caught:
        tune(tmp_path, text, trials=20, executor=rung.InProcess())
    assert "exit code 1: NameError: name 'undefined' is not defined" in str(caught.value)
    assert f"(at {script}:3)" in str(caught.value)
    assert "Traceback" in caught.value.traceback
    with rung.Study.load("study", tmp_path / "rung.db") as study:
        assert len(study.trials) == 3


# At odds with the protocol: one sentence each, at the first trial

WHOLE_RUNS = {
    "nothing": ("true", 'sh ended without a report. Print a line such as {"loss": 0.5} or loss=0.5'),
    "half a line": ("printf '{{\"loss\": 0.'", "sh printed half a report"),
    "no JSON": ("echo '{{loss; 1}}'", "one that is no JSON: '{loss; 1}'"),
    "not the objective": ("echo '{{\"accuracy\": 1}}'", "sh reported accuracy, but not the objective loss"),
    "on stderr": ("echo loss=1 >&2", "sh printed loss on standard error"),
    "no number": (
        "echo '{{\"loss\": null}}'",
        "sh reported|the program reported loss = null, which is no number",
    ),
}
STEPS = {
    "nothing": ("true", "sh ended without a report"),
    "beyond": ('echo \'{{"loss": 1, "step": 5}}\'', "sh reported epoch 5, but a decision falls at epoch 1"),
    "from zero": (
        'echo \'{{"loss": 1, "step": 0}}\'',
        "sh reported epoch 0, but a step is how many were trained",
    ),
    "lacking": (
        'echo \'{{"other": 1, "step": 1}}\'',
        "report of sh at epoch 1 lacks the objective 'loss'; it holds other",
    ),
    "not saved": ('echo \'{{"loss": 1, "saved": "x"}}\'', "there is no such file or folder in \\$RUNG_SAVE"),
}


@pytest.mark.parametrize(("script", "words"), WHOLE_RUNS.values(), ids=WHOLE_RUNS)
def test_a_whole_run_at_odds_with_the_protocol_is_told(tmp_path: Path, script: str, words: str) -> None:
    _misused(tmp_path, 'minimize = "loss"\nstore = "{store}"\n{more}', script, words)


@pytest.mark.parametrize(("script", "words"), STEPS.values(), ids=STEPS)
def test_steps_at_odds_with_the_protocol_are_told(tmp_path: Path, script: str, words: str) -> None:
    _misused(tmp_path, ASHA, script, words)


def test_a_program_that_ends_before_its_target_is_told(tmp_path: Path) -> None:
    levels = ASHA + "min_resource = 3\n"
    levels = levels.replace("max_resource = 9\n", "max_resource = 9\nmin_resource = 3\n").replace(
        'epoch"\nmin_resource = 3', 'epoch"'
    )
    _misused(
        tmp_path,
        levels,
        "echo loss=1; echo loss=1",
        r"sh ended after reporting epoch 2, but \$RUNG_TARGET was 3",
    )


def _misused(folder: Path, frame: str, script: str, words: str) -> None:
    quoted = script.replace("\\", "\\\\").replace('"', '\\"')
    more = f'command = ["sh", "-c", "{quoted}"]\nspace.x = {{type = "int", low = 1, high = 9}}'
    with pytest.raises(rung.MisuseError, match=words):
        tune(folder, frame.format(store=folder / "rung.db", more=more), executor=rung.InProcess())
    with rung.Study.load("study", folder / "rung.db") as study:
        assert len(study.trials) == 1
