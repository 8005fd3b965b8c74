"""Checkpoints behind fsspec: in memory, and in S3 as moto's server speaks it on loopback."""

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rung.core.errors import CheckpointDamagedError, CheckpointGoneError, SpecError, StoreError
from rung.stores.checkpoint_bucket import CheckpointBucket
from rung.stores.manifest import NAME

fsspec = pytest.importorskip("fsspec")

pytestmark = pytest.mark.filterwarnings(
    "ignore:datetime.datetime.utcnow:DeprecationWarning"
)  # botocore's own


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server of this test session."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "import sys; from moto.server import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/moto-api/", server)
        yield address
    finally:
        server.kill()
        server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError(f"moto's server does not answer at {url}")


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = uuid.uuid4().hex
    if request.param == "memory":
        return f"memory://{name}/study"
    address = request.getfixturevalue("s3")
    for variable, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }.items():
        monkeypatch.setenv(variable, value)
    type(fsspec.filesystem("s3")).clear_instance_cache()  # of a server that other tests had
    file_system = fsspec.filesystem("s3", skip_instance_cache=True)
    file_system.mkdir(name)
    return f"s3://{name}/study"


@pytest.fixture
def bucket(url: str, tmp_path: Path) -> CheckpointBucket:
    return CheckpointBucket(url, tmp_path / "staging")


def saving(text: str):
    def save(folder: Path) -> None:
        (folder / "empty").mkdir()
        (folder / "weights").mkdir()
        (folder / "weights" / "layer").write_text(text)
        (folder / "state.json").write_text(json.dumps({"step": 3}))

    return save


def objects(url: str) -> list[str]:
    file_system, root = fsspec.core.url_to_fs(url)
    file_system.invalidate_cache()
    return sorted(file_system.find(root))


def data_of(url: str, ending: str) -> str:
    return next(path for path in objects(url) if path.endswith(ending))


def test_what_was_written_is_fetched_into_a_folder_of_ones_own(bucket: CheckpointBucket) -> None:
    assert bucket.write("3/9.17", saving("abc")) == 3 + len('{"step": 3}')
    one, other = bucket.fetch("3/9.17"), bucket.fetch("3/9.17")
    bucket.done(one)
    assert not one.exists()
    assert (other / "weights" / "layer").read_text() == "abc"
    assert (other / "empty").is_dir()
    assert not (other / NAME).exists()


def test_a_worker_gets_it_by_pickle(bucket: CheckpointBucket) -> None:
    bucket.write("3/9.17", saving("abc"))
    assert (pickle.loads(pickle.dumps(bucket)).fetch("3/9.17") / "weights" / "layer").read_text() == "abc"


def test_a_checkpoint_without_a_file_is_one_too(bucket: CheckpointBucket) -> None:
    assert bucket.write("0/1.0", lambda folder: None) == 0
    assert bucket.names() == ["0/1.0"]
    assert list(bucket.fetch("0/1.0").iterdir()) == []


def test_a_save_that_fails_leaves_nothing(bucket: CheckpointBucket, url: str, tmp_path: Path) -> None:
    def save(folder: Path) -> None:
        saving("half")(folder)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        bucket.write("3/9.17", save)
    assert objects(url) == []
    assert list((tmp_path / "staging").iterdir()) == []


def test_the_later_of_two_with_the_same_name_counts_and_the_earlier_is_swept(
    bucket: CheckpointBucket, url: str
) -> None:
    bucket.write("3/9.17", saving("of a job whose number was never committed"))
    bucket.write("3/9.17", saving("new"))
    bucket.sweep()
    assert len(objects(url)) == 3
    assert (bucket.fetch("3/9.17") / "weights" / "layer").read_text() == "new"


def test_names_come_in_order_and_dropped_ones_are_gone(bucket: CheckpointBucket, url: str) -> None:
    for name in ("10/1.2", "2/27.10", "2/27.5", "2/3.1"):
        bucket.write(name, saving(name))
    assert bucket.names() == ["2/3.1", "2/27.5", "2/27.10", "10/1.2"]
    for name in ("2/27.5", "2/27.5", "10/1.2", "7/7.7"):
        bucket.drop(name)
    bucket.settle()
    assert bucket.names() == ["2/3.1", "2/27.10"]
    assert len(objects(url)) == 6
    with pytest.raises(CheckpointGoneError, match=r"checkpoint 10/1\.2 is gone"):
        bucket.fetch("10/1.2")


def test_a_file_that_is_not_what_was_written_is_found(
    bucket: CheckpointBucket, url: str, tmp_path: Path
) -> None:
    file_system, _ = fsspec.core.url_to_fs(url)
    for name, content, found in (
        ("3/1.1", b"ab", "weights/layer has 2 bytes instead of 3"),
        ("3/2.1", b"abd", "weights/layer is not what was written: its checksum differs"),
        ("3/3.1", None, "is missing"),
    ):
        bucket.write(name, saving("abc"))
        layer = data_of(f"{url}/{name}", "weights/layer")
        if content is None:
            file_system.rm(layer)
        else:
            file_system.pipe_file(layer, content)
        with pytest.raises(CheckpointDamagedError, match=rf"checkpoint {name} is damaged: .*{found}"):
            bucket.fetch(name)
    assert list((tmp_path / "staging").iterdir()) == []


def test_half_a_manifest_is_none(bucket: CheckpointBucket, url: str) -> None:
    bucket.write("3/9.17", saving("abc"))
    file_system, _ = fsspec.core.url_to_fs(url)
    manifest = data_of(url, NAME)
    file_system.pipe_file(manifest, file_system.cat_file(manifest)[:-3])
    with pytest.raises(CheckpointGoneError):
        bucket.fetch("3/9.17")


KILLED = """\
import os, signal, sys
from pathlib import Path
from rung.stores.checkpoint_bucket import CheckpointBucket

def save(folder):
    for number in range(40):
        (folder / f"part-{number}").write_bytes(bytes(100_000))

bucket = CheckpointBucket(sys.argv[1], Path(sys.argv[2]))
bucket.write("3/3.1", save)
real = type(bucket._fs)._put_file

async def put(self, local, remote, **options):
    await real(self, local, remote, **options)
    if local.endswith("part-30"):
        os.kill(os.getpid(), signal.SIGKILL)

type(bucket._fs)._put_file = put
bucket.write("3/9.2", save)
"""


@pytest.mark.parametrize("url", ["s3"], indirect=True)
def test_a_worker_killed_in_the_middle_of_an_upload_leaves_nothing_that_is_half_seen(
    bucket: CheckpointBucket, url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", KILLED, url, str(tmp_path / "staging")]
    ended = subprocess.run(command, env=dict(os.environ), check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert any("/3/9.2/" in path for path in objects(url))
    assert bucket.names() == ["3/3.1"]
    with pytest.raises(CheckpointGoneError):
        bucket.fetch("3/9.2")
    bucket.sweep()
    assert not any("/3/9.2/" in path for path in objects(url))
    assert list((tmp_path / "staging").iterdir()) == []
    assert len(list(bucket.fetch("3/3.1").iterdir())) == 40


@pytest.mark.parametrize("url", ["s3"], indirect=True)
def test_a_store_that_does_not_answer_is_no_damage_and_its_error_shows_no_secret(
    url: str, tmp_path: Path
) -> None:
    nowhere = CheckpointBucket("s3://there-is-no-such-bucket/x", tmp_path / "staging")
    with pytest.raises(StoreError, match="could not be written at s3://there-is-no-such-bucket/x"):
        nowhere.write("0/1.0", saving("abc"))
    closed = CheckpointBucket("ftp://me:secret@127.0.0.1:9/x?key=secret", tmp_path / "staging")
    with pytest.raises(StoreError, match=r"could not be read at ftp://\*\*\*@127\.0\.0\.1:9/x") as caught:
        closed.fetch("0/1.0")
    assert not isinstance(caught.value, CheckpointGoneError)
    assert "secret" not in str(caught.value) + repr(closed)


def test_a_kind_of_url_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"fsspec knows no file system s4://, got s4://\*\*\*@bucket/x"):
        CheckpointBucket("s4://key:secret@bucket/x", tmp_path)
