"""Installing an environment, with the real pip and packages made up here: no network."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from wizardcoder.benchmarks import environment, installation
from wizardcoder.errors import UsageError, WizardCoderError

#: Package, version and module of the made-up packages; `seaborn` cannot be imported.
PACKAGES = (
    ("numpy", "1.26.4", "numpy"),
    ("pandas", "1.6.0", "pandas"),
    ("torch", "2.13.0+cpu", "torch"),
    ("torch", "2.13.0", "torch"),
    ("seaborn", "0.13.2", "seaborn"),
    ("pyyaml", "6.0", "yaml"),
    ("pillow", "10.0", "PIL"),
)


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is all of pip's world."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for package in PACKAGES:
        _wheel(folder, *package)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def _wheel(folder: Path, package: str, version: str, module: str) -> None:
    about = f"{package}-{version}.dist-info"
    code = "raise ImportError('half a package')" if module == "seaborn" else ""
    files = {
        f"{module}/__init__.py": code,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(folder / f"{package}-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


@pytest.mark.slow
def test_a_plan_names_what_would_be_fetched_and_how_much_it_is(index: Path) -> None:
    plan = installation.plan(sys.executable)
    assert {download.name for download in plan.downloads} == {
        *("numpy", "pandas", "torch", "seaborn", "pyyaml", "pillow")
    }
    for download in plan.downloads:
        (wheel,) = index.glob(f"{download.name}-{download.version}-*.whl")
        assert download.size_bytes == wheel.stat().st_size
    assert plan.size_bytes == sum(download.size_bytes or 0 for download in plan.downloads)
    assert plan.unknown == []
    assert not plan.folder.exists()


@pytest.mark.slow
def test_what_was_installed_and_works_is_known_afterwards() -> None:
    lines: list[str] = []
    found = installation.install(installation.plan(sys.executable), lines.append)
    assert environment.find() == found
    assert found.versions["numpy"] == "1.26.4"
    assert found.versions["pandas"] == "1.6.0"  # the pinned one is not there: the nearest after it
    assert found.versions["torch"].startswith("2.13.0")
    assert {"numpy", "pandas", "torch", "yaml", "PIL"} == set(found.modules)
    assert found.files == ()
    assert "trying numpy" in lines
    assert any(line.startswith("Successfully installed") for line in lines)


@pytest.mark.slow
def test_an_installation_that_fails_does_not_count(index: Path) -> None:
    plan = installation.plan(sys.executable)
    installation.install(plan, lambda line: None)
    (index / "numpy-1.26.4-py3-none-any.whl").unlink()
    with pytest.raises(WizardCoderError, match="No matching distribution found for numpy"):
        installation.install(plan, lambda line: None)
    assert environment.find() is None


@pytest.mark.slow
def test_where_pip_finds_nothing_it_is_said(index: Path) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(WizardCoderError, match="pip finds none of DS-1000's packages"):
        installation.plan(sys.executable)


def test_an_interpreter_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="--python python9: no such program"):
        installation.plan("python9")


def test_a_program_that_is_no_python_is_named() -> None:
    with pytest.raises(WizardCoderError, match=r"false -c .* failed"):
        installation.plan("false")
