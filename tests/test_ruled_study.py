"""Rules between hyperparameters, from where they are written to every place that makes configurations."""

import msgspec
import pytest

import rung
from rung.analysis.source import space_source, study_source
from rung.core import event as ev
from rung.spec import StudySpec

SPACE = rung.Space(
    {
        "batch": rung.Int(1, 64, log=True),
        "width": rung.Int(1, 64, log=True),
        "rate": rung.Float(0.01, 1, log=True),
    }
).where("batch * width <= 256", "rate * batch <= 8")


def train(trial):
    for epoch in trial.steps():
        trial.report(loss=1 / (trial.config["batch"] * trial.config["width"]) + trial.config["rate"] / epoch)


def keeps(trials):
    return all(SPACE.contains(trial.config) for trial in trials)


@pytest.mark.parametrize(
    "scheduler",
    [
        rung.PBT(population=4, interval=2, max_resource=8),
        rung.SyncPBT(population=4, interval=2, max_resource=8),
    ],
)
def test_children_of_copied_trials_keep_the_rules(scheduler):
    study = rung.Study("pbt", SPACE, minimize="loss", scheduler=scheduler, store=None)
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(resource=120))
    assert any(trial.parent is not None for trial in study.trials)
    assert keeps(study.trials)


def test_candidates_of_races_keep_the_rules():
    def measure(trial):
        for instance in trial.steps():
            trial.report(loss=abs(trial.config["batch"] * trial.config["width"] - 256) + instance % 3)

    study = rung.Study(
        "race",
        SPACE,
        minimize="loss",
        resource=rung.Replicates("fold"),
        scheduler=rung.Racing(max_resource=10),
        store=None,
    )
    study.run(measure, executor=rung.InProcess(), budget=rung.Budget(resource=300))
    assert len(study.trials) > 20
    assert keeps(study.trials)


def test_a_study_is_reopened_with_its_rules_alone(tmp_path):
    store = tmp_path / "rung.db"
    with rung.Study("ruled", SPACE, minimize="loss", store=store) as study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=5))
        with pytest.raises(rung.ConfigurationError, match=r"'batch \* width <= 256'"):
            study.enqueue({"batch": 64, "width": 64, "rate": 0.1})
        source = space_source(study.space)
        assert eval(source, {"rung": rung}) == SPACE
        assert eval(study_source(study.spec), {"rung": rung}).space == SPACE
    bare = rung.Space(SPACE.parameters)
    with pytest.raises(rung.MismatchError, match=r"the rule 'batch \* width <= 256' was removed"):
        rung.Study("ruled", bare, minimize="loss", store=store)
    with rung.Study.load("ruled", store) as study:
        assert study.space == SPACE
        study.enqueue({"batch": 64, "width": 1, "rate": 0.1})
        study.change_space(bare.where("batch <= 8"))
        assert not study.state.enqueued  # it breaks the new rule
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=25))
        assert all(trial.config["batch"] <= 8 for trial in study.trials[5:])
    with rung.Study("ruled", bare.where("batch <= 8"), minimize="loss", store=store) as study:
        assert len(study.trials) == 25
        assert study.history.encoded.shape == (25, 3)
        assert not (
            study.history.encoded != study.history.encoded
        ).any()  # who breaks a new rule still teaches


def test_a_grid_skips_what_is_against_the_rules():
    space = rung.Space(a=rung.Int(1, 4), b=rung.Int(1, 4)).where("a < b")
    study = rung.Study("grid", space, minimize="loss", searcher=rung.GridSearch(), store=None)
    study.run(lambda trial: trial.report(loss=1.0), executor=rung.InProcess())
    assert [(t.config["a"], t.config["b"]) for t in study.trials] == [
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 3),
        (2, 4),
        (3, 4),
    ]


FILE = """
command = "env true {{a}} {{b}}"
minimize = "loss"
where = ["a * b <= 20"{more}]
duplicates = "replicate"

[space.a]
type = "int"
low = 1
high = 9
prior = {{ value = 2, spread = 0.1 }}

[space.b]
type = "int"
low = 1
high = 9
"""


def test_a_study_file_has_rules_and_says_what_is_wrong_with_one(tmp_path):
    from rung.programs.studyfile import read

    file = tmp_path / "study.toml"
    file.write_text(FILE.format(more=""))
    found = read(file)
    assert found.where == ["a * b <= 20"]
    assert found.duplicates == "replicate"
    file.write_text(FILE.format(more=', "c < 3"'))
    with pytest.raises(rung.SpecError, match=r"study.toml:4: The rule 'c < 3' names 'c'"):
        read(file)


def test_what_older_versions_wrote_opens_as_it_was():
    study = rung.Study("old", rung.Space(SPACE.parameters), minimize="loss", store=None)
    written = study.spec.to_builtins()
    assert written.pop("duplicates") == "forbid"
    assert "where" not in written
    old = StudySpec.from_builtins(written)
    assert old.duplicates == "replicate"  # as it was when nobody looked for duplicates
    assert old.full_space() == rung.Space(SPACE.parameters)
    changed = msgspec.json.decode(b'{"type": "SpaceChanged", "space": {}}', type=ev.SpaceChanged)
    assert changed.where == ()
