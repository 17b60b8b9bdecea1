"""Makes DS-1000's environment: a virtual environment with the authors' versions.

pip gets the packages from wherever it is configured to. First what would be fetched, and how much
that is; then the fetching; then every library is tried; only then the environment counts.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from wizardcoder.benchmarks import environment
from wizardcoder.benchmarks.environment import COMPANIONS, MODULES, PINS, Environment, Pin
from wizardcoder.errors import UsageError, WizardCoderError
from wizardcoder.storage import disk_errors

_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
_INSTALL = (*_PIP, "install", "--only-binary", ":all:")
_SIZE_SECONDS = 30.0
_IMPORT_SECONDS = 300.0
#: Only these systems' torch comes with a GPU's libraries unless a build without is asked for.
_CPU_BUILDS = ("Linux", "x86_64")
#: Imports a module, as the sandbox will (matplotlib looks for fonts once, and remembers).
_TRY = "import importlib, sys; importlib.import_module(sys.argv[1])"
_TRY_FIRST = {"matplotlib": "matplotlib.pyplot"}
_VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
def found(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({name: found(name) for name in sys.argv[1:]}))
"""
#: The data sets that problems fetch, by what fetches them.
FILES = (
    *(f"seaborn/{name}" for name in ("exercise", "planets", "penguins", "tips")),
    "sklearn/california_housing",
)
_FETCH = """
import os, socket, sys
socket.setdefaulttimeout(20)
source, name = sys.argv[1].split("/")
if source == "seaborn":
    import seaborn
    os.makedirs(os.environ["SEABORN_DATA"], exist_ok=True)
    seaborn.load_dataset(name)
else:
    import sklearn.datasets
    getattr(sklearn.datasets, "fetch_" + name)()
"""


class Download(NamedTuple):
    """A file that pip would install; its size in bytes, None where nobody says."""

    name: str
    version: str
    size_bytes: int | None


@dataclass(frozen=True)
class Plan:
    """What an installation will fetch at most: what pip still has, it does not fetch again.

    `python`: the interpreter that the environment in `folder` will be made from.
    """

    python: str
    python_version: str
    folder: Path
    downloads: tuple[Download, ...]

    @property
    def size_bytes(self) -> int:
        """As far as it is known."""
        return sum(download.size_bytes or 0 for download in self.downloads)

    @property
    def unknown(self) -> list[str]:
        """The packages whose size nobody says."""
        return [download.name for download in self.downloads if download.size_bytes is None]


Announce = Callable[[str], None]


def plan(interpreter: str | None = None) -> Plan:
    """What pip would install; nothing is fetched yet, and nothing that stands is touched.

    `interpreter`: a Python, 3.10 or later, by name or path; by default this one. Raises UsageError
    for an interpreter that cannot be used, WizardCoderError when pip finds nothing.
    """
    python = _interpreter(interpreter)
    version = _run([python, "-c", "import platform; print(platform.python_version())"]).strip()
    if tuple(map(int, version.split(".")[:2])) < (3, 10):
        raise UsageError(f"--python {interpreter}: is Python {version}; 3.10 or later is needed")
    with tempfile.TemporaryDirectory() as place:
        _run([python, "-m", "venv", place])
        downloads = tuple(_downloads(Path(place)))
    return Plan(python, version, environment.folder_of(version), downloads)


def install(plan: Plan, announce: Announce) -> Environment:
    """Fetches and installs what was planned, tries it, and finishes the environment.

    What stood there before is gone, and until the end nothing counts as installed. `announce` gets
    pip's lines and what is being tried. Raises WizardCoderError when pip fails, StorageError.
    """
    exact = [f"{download.name}=={download.version}" for download in plan.downloads]
    with disk_errors(plan.folder):
        environment.unfinish(plan.folder)
        plan.folder.parent.mkdir(parents=True, exist_ok=True)
        _run([plan.python, "-m", "venv", "--clear", str(plan.folder)])
        _stream([_python(plan.folder), *_INSTALL, "--no-deps", *exact], announce)
        (plan.folder / "matplotlib").mkdir()
    found = Environment(
        folder=str(plan.folder),
        python_version=plan.python_version,
        versions=_versions(plan.folder),
        modules=(),
        files=(),
    )
    modules = tuple(module for module in MODULES if _works(found, module, announce))
    found = replace(found, modules=modules, files=tuple(_fetched(found, announce)))
    environment.finish(found)
    return found


def _interpreter(named: str | None) -> str:
    python = shutil.which(named or sys.executable)
    if python is None:
        raise UsageError(f"--python {named}: no such program; name a Python, 3.10 or later")
    return python


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _downloads(folder: Path) -> Iterator[Download]:
    report = folder / "report.json"
    asked = (*_INSTALL, "--quiet", "--dry-run", "--report", str(report), *_requirements(folder))
    _run([_python(folder), *asked])
    items = json.loads(report.read_text(encoding="utf-8"))["install"]
    with ThreadPoolExecutor(8) as pool:
        sizes = pool.map(_size, [item["download_info"]["url"] for item in items])
    for item, size in zip(items, sizes, strict=True):
        yield Download(item["metadata"]["name"], item["metadata"]["version"], size)


def _requirements(folder: Path) -> list[str]:
    """The pins, each in the first form that can be had; what cannot be had at all is left out."""
    plain = [pin for pin in PINS if not pin.stand_in]
    special = [pin for pin in PINS if pin.stand_in]
    chosen = [f"{pin.package}=={pin.version}" for pin in plain]
    if not _can_be_had(folder, chosen):
        chosen = _one_by_one(folder, plain)
    chosen += _one_by_one(folder, special)
    if not chosen:
        raise WizardCoderError(
            "pip finds none of DS-1000's packages: is there a network, or a package index that "
            "`pip config` names? Try: pip download numpy"
        )
    return [*chosen, *(package for package, _ in COMPANIONS)]


def _one_by_one(folder: Path, pins: Iterable[Pin]) -> list[str]:
    firsts = (next((f for f in _forms(pin) if _can_be_had(folder, [f])), None) for pin in pins)
    return [form for form in firsts if form]


def _forms(pin: Pin) -> list[str]:
    """What may stand for a pin, the best first."""
    versions = [pin.version, pin.stand_in] if pin.stand_in else [pin.version]
    if pin.stand_in and (platform.system(), platform.machine()) == _CPU_BUILDS:
        return [f"{pin.package}=={version}+cpu" for version in versions]
    newer = [] if pin.stand_in else [f"{pin.package}>={pin.version}"]
    return [*(f"{pin.package}=={version}" for version in versions), *newer]


def _can_be_had(folder: Path, requirements: Sequence[str]) -> bool:
    asked = [_python(folder), *_INSTALL, "--quiet", "--dry-run", "--no-deps", *requirements]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _size(url: str) -> int | None:
    """The size of a file, asked for without fetching it."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            return Path(urllib.request.url2pathname(parts.path)).stat().st_size
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=_SIZE_SECONDS) as reply:
            return int(reply.headers["Content-Length"])
    except (OSError, ValueError, TypeError):
        return None


def _versions(folder: Path) -> dict[str, str]:
    names = [*(pin.package for pin in PINS), *(package for package, _ in COMPANIONS)]
    found = json.loads(_run([_python(folder), "-c", _VERSIONS, *names]))
    return {name: version for name, version in found.items() if version}


def _works(found: Environment, module: str, announce: Announce) -> bool:
    announce(f"trying {module}")
    return _tried(found, _TRY, _TRY_FIRST.get(module, module))


def _fetched(found: Environment, announce: Announce) -> Iterator[str]:
    """The data sets that could be fetched; after one failure its source is not asked again."""
    silent: set[str] = set()
    for file in FILES:
        source = file.partition("/")[0]
        if source not in silent:
            announce(f"fetching {file}")
            if _tried(found, _FETCH, file):
                yield file
            else:
                silent.add(source)


def _tried(found: Environment, code: str, argument: str) -> bool:
    """Whether code ends without an exception in the environment."""
    try:
        tried = subprocess.run(
            [found.python, "-s", "-c", code, argument],
            env={**os.environ, **dict(found.variables)},
            capture_output=True,
            timeout=_IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0


def _run(command: Sequence[str]) -> str:
    """What a command prints. Raises WizardCoderError with its last words when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _failure(command, [*done.stdout.splitlines(), *done.stderr.splitlines()])
    return done.stdout


def _stream(command: Sequence[str], announce: Announce) -> None:
    """Runs a command, its lines passed on as they come."""
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            announce(line.rstrip())
    if process.returncode:
        raise _failure(command, lines)


def _failure(command: Sequence[str], lines: Iterable[str]) -> WizardCoderError:
    last = " | ".join([line for line in lines if line.strip()][-3:])
    return WizardCoderError(f"{' '.join(command[:5])} … failed: {last or 'without a word'}")
