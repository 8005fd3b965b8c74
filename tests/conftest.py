"""What holds for all tests: numerical libraries use one thread; in continuous integration nothing may be skipped."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is imported
os.environ.setdefault(
    "RAY_AUTH_MODE", "disabled"
)  # before Ray is imported: tests make a cluster of their own
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import pytest  # noqa: E402

import rung.study  # noqa: E402
from infra.dask import DaskCluster  # noqa: E402
from infra.ray import RayCluster  # noqa: E402
from infra.servers import NotInstalledError  # noqa: E402
from infra.slurm import SlurmCluster  # noqa: E402
from rung.searchers.random import RandomSearch  # noqa: E402

# Most tests are about other things, and shall neither wait for models nor depend on them.
rung.study.Auto = RandomSearch

CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "integration: needs a large optional library or a server, or takes long"
    )


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int):
    """With CI=true a skip fails: what it needs is to be installed by .ci/run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter is not None else 0
    if CI and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"\n{skipped} skipped, which is an error as CI=true", red=True)
    return (yield)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """A Ray that all tests share, as its start takes long."""
    try:
        cluster = RayCluster()
    except NotInstalledError as error:
        pytest.skip(str(error))
    yield cluster
    cluster.stop()


@pytest.fixture
def dask_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A Dask cluster with two workers, to do harm to."""
    folder = tmp_path / "dask"
    folder.mkdir()
    try:
        cluster = DaskCluster(folder, workers=2)
    except NotInstalledError as error:
        pytest.skip(str(error))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """A cluster of two nodes for all tests; who ends a node starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="rung-slurm-", dir="/tmp"))  # short: a socket lies in it
    try:
        cluster = SlurmCluster(folder, gpus=2)
    except NotInstalledError as error:
        pytest.skip(str(error))
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)
