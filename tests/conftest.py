"""Fixtures that every test may use."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """A shell starts what is in the background deaf to Ctrl-C, and so are its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real benchmarks, generations and oracles beside the checkout."""
    path = REPOSITORY.parent / "shared"
    if not (path / "data").is_dir():
        pytest.skip(f"the real data lies in {path.name}/ beside the checkout, which is absent here")
    return path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where the real data is at hand and a test that needs it was skipped all the same."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not (REPOSITORY.parent / "shared" / "data").is_dir():
        return
    skipped = [r.nodeid for r in reporter.stats.get("skipped", []) if "real_data" in r.keywords]
    if skipped:
        reporter.write_line(
            f"the real data is at hand, yet skipped: {', '.join(skipped)}", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
