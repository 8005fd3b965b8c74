"""What holds for all tests: numerical libraries use one thread; in continuous integration nothing may be skipped."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is imported

import pytest  # noqa: E402

import rung.study  # noqa: E402
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
