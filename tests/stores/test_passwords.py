"""A password of a store's URL is nowhere to be read: not in the log, files, figures, reports, exports or messages."""

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import rung
from rung.cli.main import main
from stores.places import Place, place_on
from stores.test_servers import Server, someone

SECRET = "right"  # as `someone` has it

READ = [
    ["ls"],
    ["show"],
    ["best"],
    ["why", "0"],
    ["card", "--output", "card.md"],
    ["report", "--output", "report.html"],
    ["export", "--output", "out.rung.gz"],
    ["gc"],
]


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    with place_on(server) as found:
        yield found


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for step in trial.steps():
        if trial.number == 1:
            raise ValueError("bad")
        trial.report(loss=trial.config["x"] / step, save=lambda folder: (folder / "a").write_text("a"))


def test_a_study_that_was_told_a_password_shows_it_nowhere(
    server: Server,
    place: Place,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with someone(server, place) as url:
        study = rung.Study(
            "s", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.ASHA(max_resource=3), store=url
        )
        with study:
            study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=6))
            shown = [repr(study), study.url, study._repr_html_(), str(study.spec.to_builtins())]
            shown += [str(study.folder), repr(study.state.__dict__), study.ended or ""]
        for command in READ:
            with pytest.raises(SystemExit) as ended:
                main([*command, "--store", url])
            assert not ended.value.code, (command, capsys.readouterr())
        for table in ("studies", "events", "notes", "leases"):
            shown += [str(row) for row in place.rows(f"SELECT * FROM {table}")]
    out = capsys.readouterr()
    shown += [out.out, out.err, caplog.text]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"card.md", "report.html", "out.rung.gz"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        shown.append(gzip.decompress(content).decode() if path.suffix == ".gz" else content.decode("latin-1"))
    credentials = f"someone:{SECRET}@"
    assert not [each[:200] for each in shown if credentials in each]
    assert "someone:***@" in out.out  # where it stands, the URL is redacted


def test_a_refused_password_is_one_sentence_from_each_command_and_not_repeated(
    server: Server, place: Place, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with someone(server, place) as url:
        for command in READ:
            with pytest.raises(SystemExit) as ended:
                main([*command, "--store", url.replace(SECRET, "wr0ng")])
            said = capsys.readouterr()
            assert ended.value.code == 2
            assert said.out == ""
            assert said.err.count("\n") == 1
            assert "Check the user and the password" in said.err
            assert "wr0ng" not in said.err + caplog.text


def test_a_password_of_a_url_of_checkpoints_is_not_shown_or_logged(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    secret = "t0p-s3cret"
    kept = rung.Checkpoints(f"memory://me:{secret}@bucket/place?token={secret}", every_s=0.0)
    study = rung.Study(
        "s",
        {"x": rung.Float(0, 1)},
        minimize="loss",
        scheduler=rung.ASHA(max_resource=3),
        store=tmp_path / "s.db",
        checkpoints=kept,
    )
    with study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=6))
        shown = [repr(kept), repr(study), *(repr(entry) for entry in study.events()), study._repr_html_()]
    assert not [each for each in shown if secret in each]
